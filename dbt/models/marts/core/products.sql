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

totals as (
    select * from {{ ref('int_products__purchase_totals') }}
),

purchases as (
    select * from {{ ref('int_purchases__by_order') }}
),

-- First and last moments are looked up by the index of order items, product by product. A product whose order items are
-- gone has none.
seen as (
    select
        products.product_id,
        totals.n_orders,
        totals.n_purchases,
        totals.n_sold,
        (
            select min(order_items.ordered_at)
            from {{ ref('int_order_items__classified') }} as order_items
            where order_items.product_id = products.product_id
        ) as first_seen_at,
        (
            select min(order_items.ordered_at)
            from {{ ref('int_order_items__classified') }} as order_items
            where order_items.product_id = products.product_id and order_items.is_purchase and totals.n_orders > 0
        ) as first_sold_at,
        (
            select max(order_items.ordered_at)
            from {{ ref('int_order_items__classified') }} as order_items
            where order_items.product_id = products.product_id and order_items.is_purchase and totals.n_orders > 0
        ) as last_sold_at
    from products
    left join totals on products.product_id = totals.product_id
),

last_prices as (
    select distinct on (seen.product_id)
        seen.product_id,
        purchases.amount / purchases.quantity as last_price
    from seen
    inner join {{ ref('int_order_items__classified') }} as order_items
        on
            seen.product_id = order_items.product_id
            and seen.last_sold_at = order_items.ordered_at
            and order_items.is_purchase
    inner join purchases
        on
            order_items.source = purchases.source
            and order_items.order_id = purchases.order_id
            and order_items.product_id = purchases.product_id
    order by seen.product_id, purchases.source, purchases.order_id
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
        seen.first_seen_at,
        seen.first_sold_at,
        seen.last_sold_at,
        coalesce(seen.n_orders, 0) as n_orders,
        coalesce(seen.n_purchases, 0) as n_purchases,
        coalesce(seen.n_sold, 0) as n_sold
    from products
    inner join labels on products.product_id = labels.product_id
    inner join spread on products.product_id = spread.product_id
    inner join seen on products.product_id = seen.product_id
    left join last_prices on products.product_id = last_prices.product_id
    where seen.first_seen_at is not null
)

select * from described
