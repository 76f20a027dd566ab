with first_purchases as (
    select
        order_items.user_id,
        order_items.product_id,
        products.category,
        (min(order_items.ordered_at) at time zone 'utc')::date as purchased_on
    from {{ ref('order_items') }} as order_items
    inner join {{ ref('products') }} as products on order_items.product_id = products.product_id
    where order_items.user_id is not null and order_items.is_purchase
    group by order_items.user_id, order_items.product_id, products.category
),

new_products as (
    select
        user_id,
        purchased_on,
        count(*) as n_products
    from first_purchases
    group by user_id, purchased_on
),

new_categories as (
    select
        first_of_category.user_id,
        first_of_category.purchased_on,
        count(*) as n_categories
    from (
        select
            user_id,
            min(purchased_on) as purchased_on
        from first_purchases
        where category is not null
        group by user_id, category
    ) as first_of_category
    group by first_of_category.user_id, first_of_category.purchased_on
),

purchase_days as (
    select
        user_id,
        (ordered_at at time zone 'utc')::date as purchased_on,
        count(*) as n_orders,
        sum(items_amount)::double precision as amount
    from {{ ref('orders') }}
    where user_id is not null and n_purchases > 0
    group by user_id, (ordered_at at time zone 'utc')::date
),

days as (
    select
        purchase_days.user_id,
        purchase_days.purchased_on,
        purchase_days.n_orders,
        purchase_days.amount,
        new_products.n_products,
        new_categories.n_categories,
        purchase_days.purchased_on
        - lag(purchase_days.purchased_on) over (
            partition by purchase_days.user_id order by purchase_days.purchased_on
        ) as gap_days
    from purchase_days
    left join new_products
        on purchase_days.user_id = new_products.user_id and purchase_days.purchased_on = new_products.purchased_on
    left join new_categories
        on purchase_days.user_id = new_categories.user_id and purchase_days.purchased_on = new_categories.purchased_on
),

purchases as (
    select
        dates.as_of_date,
        days.user_id,
        dates.as_of_date - max(days.purchased_on) as days_since_purchase,
        dates.as_of_date - min(days.purchased_on) as tenure_days,
        count(*) as n_purchase_days,
        sum(days.n_orders)::bigint as n_orders,
        count(*) filter (where days.purchased_on >= dates.as_of_date - 30) as n_purchase_days_30,
        count(*) filter (where days.purchased_on >= dates.as_of_date - 90) as n_purchase_days_90,
        count(*) filter (where days.purchased_on >= dates.as_of_date - 365) as n_purchase_days_365,
        sum(days.amount) as amount,
        sum(days.amount) / count(*) as mean_amount,
        avg(days.gap_days)::double precision as mean_gap_days,
        stddev_samp(days.gap_days)::double precision as sd_gap_days,
        regr_slope(days.amount, (days.purchased_on - date '2000-01-01') / 30.0) / nullif(avg(days.amount), 0)
            as basket_trend,
        coalesce(sum(days.n_products), 0)::bigint as n_products,
        coalesce(sum(days.n_categories), 0)::bigint as n_categories
    from days
    inner join {{ ref('churn_dates') }} as dates on days.purchased_on < dates.as_of_date
    group by dates.as_of_date, days.user_id
),

cancellations as (
    select
        dates.as_of_date,
        orders.user_id,
        count(*) as n_cancelled
    from {{ ref('orders') }} as orders
    inner join {{ ref('churn_dates') }} as dates on orders.ordered_at < dates.as_of
    where orders.user_id is not null and orders.is_cancelled
    group by dates.as_of_date, orders.user_id
),

events as (
    select
        dates.as_of_date,
        interactions.user_id,
        count(*) filter (where interactions.timestamp >= {{ epoch_seconds("dates.as_of - interval '30 days'") }})
            as n_events_30,
        count(*) as n_events_90
    from {{ ref('interactions') }} as interactions
    inner join {{ ref('churn_dates') }} as dates
        on
            interactions.timestamp < {{ epoch_seconds('dates.as_of') }}
            and interactions.timestamp >= {{ epoch_seconds("dates.as_of - interval '90 days'") }}
    where interactions.event_type <> 'purchase'
    group by dates.as_of_date, interactions.user_id
),

described as (
    select
        purchases.user_id,
        purchases.as_of_date,
        purchases.days_since_purchase,
        purchases.tenure_days,
        purchases.n_purchase_days,
        purchases.n_orders,
        purchases.n_purchase_days_30,
        purchases.n_purchase_days_90,
        purchases.n_purchase_days_365,
        purchases.amount,
        purchases.mean_amount,
        purchases.mean_gap_days,
        purchases.sd_gap_days,
        purchases.days_since_purchase / nullif(purchases.mean_gap_days, 0) as relative_gap,
        purchases.basket_trend,
        coalesce(cancellations.n_cancelled, 0)::double precision
        / (coalesce(cancellations.n_cancelled, 0) + purchases.n_orders) as cancelled_share,
        purchases.n_products,
        purchases.n_categories,
        coalesce(events.n_events_30, 0) as n_events_30,
        coalesce(events.n_events_90, 0) as n_events_90
    from purchases
    left join cancellations
        on purchases.as_of_date = cancellations.as_of_date and purchases.user_id = cancellations.user_id
    left join events
        on purchases.as_of_date = events.as_of_date and purchases.user_id = events.user_id
)

select * from described
