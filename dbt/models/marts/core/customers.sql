{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_people(ref('int_changes__customers')) }}",
    indexes=[{'columns': ['user_id'], 'unique': true}],
) }}

with orders as (
    {{ of_changed_people(ref('orders'), ref('int_changes__customers')) }}
    where whole.user_id is not null
),

places as (
    select * from {{ ref('int_places') }}
),

newest_places as (
    select distinct on (user_id)
        user_id,
        city,
        province
    from orders
    where city is not null or province is not null
    order by user_id asc, ordered_at desc, source asc, order_id asc
),

customer_totals as (
    select
        user_id,
        count(*) filter (where not is_cancelled) as n_orders,
        sum(n_sales)::bigint as n_sales,
        sum(n_purchases)::bigint as n_purchases,
        min(ordered_at) as first_seen_at,
        min(ordered_at) filter (where n_purchases > 0) as first_purchased_at,
        max(ordered_at) filter (where n_purchases > 0) as last_purchased_at,
        coalesce(sum(total_amount) filter (where status = 'completed'), 0) as total_amount
    from orders
    group by user_id
),

described as (
    select
        customer_totals.user_id,
        newest_places.city,
        newest_places.province,
        customer_totals.n_orders,
        customer_totals.n_sales,
        customer_totals.n_purchases,
        customer_totals.first_seen_at,
        customer_totals.first_purchased_at,
        customer_totals.last_purchased_at,
        customer_totals.total_amount,
        coalesce(cities.seems_to_hold, provinces.seems_to_hold) as place_seems_to_hold
    from customer_totals
    left join newest_places on customer_totals.user_id = newest_places.user_id
    left join places as cities on newest_places.city = cities.written
    left join places as provinces on newest_places.province = provinces.written
)

select * from described
