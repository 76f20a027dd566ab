with purchases as (
    select
        user_id,
        date_trunc('month', ordered_at at time zone 'utc')::date as month,
        sum(items_amount)::numeric as amount
    from {{ ref('orders') }}
    where user_id is not null and n_purchases > 0
    group by user_id, date_trunc('month', ordered_at at time zone 'utc')::date
),

placed as (
    select
        *,
        min(month) over (partition by user_id) as cohort_month
    from purchases
),

active as (
    select
        cohort_month,
        month,
        count(*) as n_active,
        sum(amount) as amount
    from placed
    group by cohort_month, month
),

cohorts as (
    select
        cohort_month,
        n_active as n_customers
    from active
    where month = cohort_month
),

-- A month without anybody has a row, too.
months as (
    select
        cohorts.cohort_month,
        cohorts.n_customers,
        month.at::date as month
    from cohorts
    cross join lateral generate_series(
        cohorts.cohort_month::timestamp, (select max(active.month) from active)::timestamp, interval '1 month'
    ) as month (at)
),

retained as (
    select
        months.cohort_month,
        months.month,
        (
            12 * (extract(year from months.month) - extract(year from months.cohort_month))
            + extract(month from months.month) - extract(month from months.cohort_month)
        )::integer as n_months_later,
        months.n_customers,
        coalesce(active.n_active, 0) as n_active,
        coalesce(active.n_active, 0) / months.n_customers::double precision as retention,
        coalesce(active.amount, 0) as amount
    from months
    left join active on months.cohort_month = active.cohort_month and months.month = active.month
)

select * from retained
