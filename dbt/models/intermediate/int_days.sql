{{ config(materialized='view') }}

with orders as (
    select
        min(ordered_at at time zone 'utc')::date as first_day,
        max(ordered_at at time zone 'utc')::date as last_day
    from {{ ref('int_orders__read') }}
),

days as (
    select day.at::date as day
    from orders
    cross join lateral generate_series(
        orders.first_day::timestamp, orders.last_day::timestamp, interval '1 day'
    ) as day (at)
)

select * from days
