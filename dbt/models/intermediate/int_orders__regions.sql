with orders as (
    select * from {{ ref('stg_company__orders') }}
),

places as (
    select
        orders.source,
        orders.order_id,
        place.region_kind,
        {{ without_contact('place.written') }} as written
    from orders
    cross join lateral (
        values ('city', orders.city), ('province', orders.province)
    ) as place (region_kind, written)
),

keyed as (
    select
        source,
        order_id,
        region_kind,
        written,
        {{ region_key('written') }} as region
    from places
),

named as (
    select * from keyed
    where region is not null
)

select * from named
