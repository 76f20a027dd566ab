with purchases as (
    select
        user_id,
        (ordered_at at time zone 'utc')::date as purchased_on
    from {{ ref('orders') }}
    where user_id is not null and n_purchases > 0
    group by user_id, (ordered_at at time zone 'utc')::date
),

labelled as (
    select
        purchases.user_id,
        dates.as_of_date,
        not bool_or(purchases.purchased_on >= dates.as_of_date) as is_churned
    from purchases
    inner join {{ ref('churn_dates') }} as dates on dates.is_known and purchases.purchased_on < dates.known_on
    group by purchases.user_id, dates.as_of_date
    having min(purchases.purchased_on) < dates.as_of_date
)

select * from labelled
