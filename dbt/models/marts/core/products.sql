{{ config(
    indexes=[{'columns': ['product_id'], 'unique': true}, {'columns': ['upper(product_id)']}],
    post_hook="{{ readable_by_serving() }}"
) }}

with products as (
    select * from {{ ref('int_products__classified') }}
),

labels as (
    select * from {{ ref('int_products__labels') }}
),

spread as (
    select * from {{ ref('int_products__purchase_spread') }}
),

order_items as (
    select * from {{ ref('int_order_items__classified') }}
),

purchases as (
    select * from {{ ref('int_purchases__by_order') }}
),

first_lines as (
    select
        product_id,
        min(ordered_at) as first_seen_at
    from order_items
    group by product_id
),

purchase_totals as (
    select
        product_id,
        min(ordered_at) as first_sold_at,
        max(ordered_at) as last_sold_at,
        count(*) as n_orders,
        sum(n_lines)::bigint as n_purchases,
        sum(quantity) as n_sold
    from purchases
    group by product_id
),

last_prices as (
    select distinct on (purchases.product_id)
        purchases.product_id,
        purchases.amount / purchases.quantity as last_price
    from purchases
    inner join purchase_totals
        on
            purchases.product_id = purchase_totals.product_id
            and purchases.ordered_at = purchase_totals.last_sold_at
    order by purchases.product_id, purchases.source, purchases.order_id
),

described as (
    select
        products.product_id,
        products.is_product,
        labels.product_name,
        labels.category,
        labels.brand,
        spread.median_price,
        round(last_prices.last_price, 4) as last_price,
        first_lines.first_seen_at,
        purchase_totals.first_sold_at,
        purchase_totals.last_sold_at,
        coalesce(purchase_totals.n_orders, 0) as n_orders,
        coalesce(purchase_totals.n_purchases, 0) as n_purchases,
        coalesce(purchase_totals.n_sold, 0) as n_sold
    from products
    inner join labels on products.product_id = labels.product_id
    inner join spread on products.product_id = spread.product_id
    inner join first_lines on products.product_id = first_lines.product_id
    left join purchase_totals on products.product_id = purchase_totals.product_id
    left join last_prices on products.product_id = last_prices.product_id
)

select * from described
