with purchases as (
    select
        user_id,
        max(ordered_at) as last_purchased_at,
        count(*) as n_orders,
        sum(items_amount)::numeric as amount
    from {{ ref('orders') }}
    where user_id is not null and n_purchases > 0
    group by user_id
),

newest_risks as (
    select distinct on (user_id)
        user_id,
        churn_risk
    from (
        {{ optional_rows('serving', 'churn_predictions', {
            'user_id': 'text', 'prediction_date': 'timestamptz', 'churn_risk': 'double precision',
        }) }}
    ) as predictions
    order by user_id, prediction_date desc
),

ranked as (
    select
        *,
        max(last_purchased_at) over () as newest_at,
        count(*) over () as n_customers,
        rank() over (order by last_purchased_at) - 1 as n_less_recent,
        rank() over (order by n_orders) - 1 as n_less_frequent,
        rank() over (order by amount) - 1 as n_spending_less
    from purchases
),

scored as (
    select
        user_id,
        (newest_at at time zone 'utc')::date - (last_purchased_at at time zone 'utc')::date as recency_days,
        n_orders,
        amount,
        (1 + 5 * n_less_recent / n_customers)::integer as recency_score,
        (1 + 5 * n_less_frequent / n_customers)::integer as frequency_score,
        (1 + 5 * n_spending_less / n_customers)::integer as monetary_score
    from ranked
),

segmented as (
    select
        scored.*,
        case
            when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
            when recency_score >= 3 and frequency_score >= 3 then 'loyal'
            when recency_score >= 4 and n_orders = 1 then 'new'
            when recency_score >= 3 then 'promising'
            when frequency_score >= 3 then 'at risk'
            else 'lost'
        end as segment
    from scored
),

described as (
    select
        segmented.user_id,
        segmented.recency_days,
        segmented.n_orders,
        segmented.amount,
        segmented.recency_score,
        segmented.frequency_score,
        segmented.monetary_score,
        segmented.segment,
        newest_risks.churn_risk,
        case
            when newest_risks.churn_risk < {{ var('churn_medium_from') }} then 'low'
            when newest_risks.churn_risk < {{ var('churn_high_from') }} then 'medium'
            when newest_risks.churn_risk is not null then 'high'
        end as churn_level
    from segmented
    left join newest_risks on segmented.user_id = newest_risks.user_id
)

select * from described
