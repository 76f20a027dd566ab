-- Behind what reads the last state of this table.
-- depends_on: {{ ref('int_changes__regions') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_orders() }}",
    indexes=[{'columns': ['source', 'order_id', 'region_kind'], 'unique': true}],
) }}

with orders as (
    {{ of_changed_orders(ref('int_orders__read')) }}
),

places as (
    select * from {{ ref('int_places') }}
),

written as (
    select
        orders.source,
        orders.order_id,
        place.region_kind,
        place.written
    from orders
    cross join lateral (
        values ('city', orders.city), ('province', orders.province)
    ) as place (region_kind, written)
),

named as (
    select
        written.source,
        written.order_id,
        written.region_kind,
        written.written,
        places.region
    from written
    inner join places on written.written = places.written
    where places.region is not null
)

select * from named
