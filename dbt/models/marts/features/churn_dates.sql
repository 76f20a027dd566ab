{{ config(materialized='table', indexes=[{'columns': ['as_of_date'], 'unique': true}]) }}

with orders as (
    select * from {{ ref('orders') }}
),

bounds as (
    select
        min((ordered_at at time zone 'utc')::date) as first_date,
        max((ordered_at at time zone 'utc')::date) as newest_date
    from orders
    where n_purchases > 0 and user_id is not null
),

steps as (
    select
        newest_date,
        newest_date - step.n * greatest({{ var('churn_horizon_days') }} / 3, 1) as as_of_date
    from bounds
    cross join generate_series(0, {{ var('churn_max_dates') }} - 1) as step (n)
    where
        step.n = 0
        or newest_date - step.n * greatest({{ var('churn_horizon_days') }} / 3, 1)
        >= first_date + {{ var('churn_horizon_days') }}
),

dated as (
    select
        as_of_date,
        as_of_date::timestamp at time zone 'utc' as as_of,
        as_of_date + {{ var('churn_horizon_days') }} as known_on,
        {{ var('churn_horizon_days') }} as horizon_days,
        as_of_date = newest_date as is_newest,
        as_of_date + {{ var('churn_horizon_days') }} <= newest_date as is_known
    from steps
    where as_of_date is not null
)

select * from dated
