{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['written'], 'unique': true}],
) }}

with orders as (
    {{ of_changed_orders(ref('int_orders__read')) }}
),

texts as (
    (
        select city as written from orders
        union
        select province as written from orders
    )
    {% if is_incremental() %}
    except
    select known.written
    from {{ this }} as known
    {% endif %}
),

checked as (
    select
        written,
        {{ contact_part('written') }} as seems_to_hold,
        nullif(upper(btrim(regexp_replace(written, '\s+', ' ', 'g'))), '') as region_key
    from texts
    where written is not null
),

places as (
    select
        written,
        seems_to_hold,
        case when seems_to_hold is null then region_key end as region
    from checked
)

select * from places
