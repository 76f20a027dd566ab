with purchases as (
    select
        purchases.source,
        purchases.order_id,
        purchases.user_id,
        products.category,
        date_trunc('month', purchases.ordered_at at time zone 'utc')::date as month,
        sum(purchases.quantity) as n_sold,
        sum(purchases.amount) as amount
    from {{ ref('int_purchases__by_order') }} as purchases
    inner join {{ ref('products') }} as products on purchases.product_id = products.product_id
    group by purchases.source, purchases.order_id, purchases.user_id, purchases.ordered_at, products.category
),

order_regions as (
    select
        source,
        order_id,
        region_kind,
        region
    from {{ ref('int_orders__regions') }}
    union all
    select distinct
        source,
        order_id,
        'all' as region_kind,
        'ALL' as region
    from purchases
),

demand as (
    select
        order_regions.region_kind,
        order_regions.region,
        purchases.month,
        purchases.category,
        count(*) as n_orders,
        count(distinct purchases.user_id) as n_customers,
        sum(purchases.n_sold) as n_sold,
        sum(purchases.amount) as amount
    from purchases
    inner join order_regions
        on purchases.source = order_regions.source and purchases.order_id = order_regions.order_id
    group by order_regions.region_kind, order_regions.region, purchases.month, purchases.category
)

select * from demand
