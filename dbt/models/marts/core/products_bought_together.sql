{{ config(
    indexes=[{'columns': ['product_id', 'with_product_id'], 'unique': true}],
    post_hook="{{ readable_by_serving() }}"
) }}

with purchases as (
    select * from {{ ref('int_purchases__by_order') }}
),

order_sizes as (
    select
        source,
        order_id
    from purchases
    group by source, order_id
    having count(*) between 2 and {{ var('together_max_products') }}
),

baskets as (
    select distinct
        purchases.source,
        purchases.order_id,
        purchases.product_id
    from purchases
    inner join order_sizes
        on purchases.source = order_sizes.source and purchases.order_id = order_sizes.order_id
),

product_orders as (
    select
        product_id,
        count(*) as n_orders
    from purchases
    group by product_id
),

pairs as (
    select
        baskets.product_id,
        others.product_id as with_product_id,
        count(*) as n_orders
    from baskets
    inner join baskets as others
        on
            baskets.source = others.source
            and baskets.order_id = others.order_id
            and baskets.product_id <> others.product_id
    group by baskets.product_id, others.product_id
    having count(*) >= {{ var('together_min_orders') }}
),

scored as (
    select
        pairs.product_id,
        pairs.with_product_id,
        pairs.n_orders,
        pairs.n_orders / sqrt(product_orders.n_orders::double precision * other_orders.n_orders) as score
    from pairs
    inner join product_orders on pairs.product_id = product_orders.product_id
    inner join product_orders as other_orders on pairs.with_product_id = other_orders.product_id
),

ranked as (
    select
        *,
        row_number() over (partition by product_id order by score desc, n_orders desc, with_product_id asc) as place
    from scored
),

closest as (
    select
        product_id,
        with_product_id,
        n_orders,
        score
    from ranked
    where place <= {{ var('together_max_pairs') }}
)

select * from closest
