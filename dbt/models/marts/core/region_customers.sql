{{ config(
    indexes=[{'columns': ['region_kind', 'region']}, {'columns': ['user_id']}],
    post_hook="{{ readable_by_serving() }}"
) }}

with customers as (
    select * from {{ ref('customers') }}
    where n_sales > 0
),

places as (
    select
        customers.user_id,
        customers.last_purchased_at,
        place.region_kind,
        {{ without_contact('place.written') }} as written
    from customers
    cross join lateral (
        values ('city', customers.city), ('province', customers.province)
    ) as place (region_kind, written)
),

keyed as (
    select
        region_kind,
        {{ region_key('written') }} as region,
        user_id,
        last_purchased_at
    from places
),

living as (
    select * from keyed
    where region is not null
)

select * from living
