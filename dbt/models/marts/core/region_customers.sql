{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_people(ref('int_changes__customers')) }}",
    post_hook="{{ readable_by_serving() }}",
    indexes=[{'columns': ['region_kind', 'region']}, {'columns': ['user_id']}],
) }}

with customers as (
    {{ of_changed_people(ref('customers'), ref('int_changes__customers')) }}
    where whole.n_sales > 0
),

places as (
    select * from {{ ref('int_places') }}
),

written as (
    select
        customers.user_id,
        customers.last_purchased_at,
        place.region_kind,
        place.written
    from customers
    cross join lateral (
        values ('city', customers.city), ('province', customers.province)
    ) as place (region_kind, written)
),

living as (
    select
        written.region_kind,
        places.region,
        written.user_id,
        written.last_purchased_at
    from written
    inner join places on written.written = places.written
    where places.region is not null
)

select * from living
