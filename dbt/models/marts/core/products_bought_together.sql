{{ config(
    indexes=[{'columns': ['product_id', 'with_product_id'], 'unique': true}],
    post_hook="{{ readable_by_serving() }}"
) }}

with pairs as (
    select * from {{ ref('int_products__pairs') }}
    where n_orders >= {{ var('together_min_orders') }}
),

numbered as (
    select * from {{ ref('int_products__classified') }}
),

sold as (
    select * from {{ ref('products') }}
    where n_orders > 0
),

products as (
    select
        numbered.product_number,
        numbered.product_id,
        sold.n_orders::double precision as n_orders
    from numbered
    inner join sold on numbered.product_id = sold.product_id
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
        both_ways.product_number,
        products.product_id,
        others.product_id as with_product_id,
        both_ways.n_orders::bigint as n_orders,
        both_ways.n_orders / sqrt(products.n_orders * others.n_orders) as score
    from both_ways
    inner join products on both_ways.product_number = products.product_number
    inner join products as others on both_ways.with_product_number = others.product_number
),

ranked as (
    select
        *,
        row_number() over (
            partition by product_number
            order by score desc, n_orders desc, with_product_id asc
        ) as place
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
