with baskets as (
    select
        source,
        order_id,
        array_agg(product_id) as product_ids
    from {{ ref('int_purchases__by_order') }}
    group by source, order_id
    having count(*) <= {{ var('together_max_products') }}
),

totals as (
    select count(*) as n_baskets
    from baskets
),

products as (
    select
        baskets_of.product_id,
        numbered.product_number,
        baskets_of.n_baskets
    from (
        select
            product.product_id,
            count(*) as n_baskets
        from baskets
        cross join lateral unnest(baskets.product_ids) as product (product_id)
        group by product.product_id
    ) as baskets_of
    inner join {{ ref('int_products__classified') }} as numbered on baskets_of.product_id = numbered.product_id
),

pairs as (
    select * from {{ ref('int_products__pairs') }}
    where n_orders >= {{ var('together_min_orders') }}
),

both_ways as (
    select
        way.product_number,
        way.with_product_number,
        pairs.n_orders
    from pairs
    cross join lateral (
        values
        (pairs.product_number, pairs.with_product_number),
        (pairs.with_product_number, pairs.product_number)
    ) as way (product_number, with_product_number)
),

measured as (
    select
        products.product_id,
        others.product_id as with_product_id,
        both_ways.n_orders::bigint as n_baskets,
        both_ways.n_orders / totals.n_baskets::double precision as support,
        both_ways.n_orders / products.n_baskets::double precision as confidence,
        both_ways.n_orders * totals.n_baskets / (products.n_baskets::double precision * others.n_baskets) as lift
    from both_ways
    inner join products on both_ways.product_number = products.product_number
    inner join products as others on both_ways.with_product_number = others.product_number
    cross join totals
)

select * from measured
