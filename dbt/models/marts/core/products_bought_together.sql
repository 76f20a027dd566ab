{{ config(
    indexes=[{'columns': ['product_id', 'with_product_id'], 'unique': true}],
    post_hook="{{ readable_by_serving() }}"
) }}

with purchases as (
    select * from {{ ref('int_purchases__by_order') }}
),

product_orders as (
    select
        product_id,
        row_number() over (order by product_id) as number,
        count(*) as n_orders
    from purchases
    group by product_id
),

order_sizes as (
    select
        source,
        order_id,
        row_number() over () as number
    from purchases
    group by source, order_id
    having count(*) between 2 and {{ var('together_max_products') }}
),

-- Small numbers in place of the ids: of all pairs of products of all orders, millions are counted in memory.
baskets as (
    select
        order_sizes.number::integer as order_number,
        product_orders.number::integer as product_number
    from purchases
    inner join order_sizes
        on purchases.source = order_sizes.source and purchases.order_id = order_sizes.order_id
    inner join product_orders on purchases.product_id = product_orders.product_id
),

pairs as (
    select
        baskets.product_number,
        others.product_number as with_product_number,
        count(*) as n_orders
    from baskets
    inner join baskets as others
        on baskets.order_number = others.order_number and baskets.product_number < others.product_number
    group by baskets.product_number, others.product_number
    having count(*) >= {{ var('together_min_orders') }}
),

both_ways as (
    select
        product_number,
        with_product_number,
        n_orders
    from pairs
    union all
    select
        with_product_number as product_number,
        product_number as with_product_number,
        n_orders
    from pairs
),

scored as (
    select
        product_orders.product_id,
        other_orders.product_id as with_product_id,
        both_ways.n_orders,
        both_ways.n_orders / sqrt(product_orders.n_orders::double precision * other_orders.n_orders) as score
    from both_ways
    inner join product_orders on both_ways.product_number = product_orders.number
    inner join product_orders as other_orders on both_ways.with_product_number = other_orders.number
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
