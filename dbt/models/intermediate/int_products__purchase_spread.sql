-- Behind what reads the last state of this table.
-- depends_on: {{ ref('int_changes__purchase_spread') }}
with order_items as (
    select * from {{ ref('int_order_items__classified') }}
),

products as (
    select * from {{ ref('int_products__classified') }}
),

purchases as (
    select
        product_id,
        quantity::double precision as quantity,
        unit_price::double precision as price
    from order_items
    where is_purchase
),

quartiles as (
    select
        product_id,
        count(*) as n_purchases,
        percentile_cont(array[0.25, 0.5, 0.75]) within group (order by quantity) as quantity,
        percentile_cont(array[0.25, 0.5, 0.75]) within group (order by price) as price
    from purchases
    group by grouping sets ((product_id), ())
),

reach as (
    select
        *,
        power(greatest(quantity[3] / quantity[1], {{ var('outlier_ratio_floor') }}), 3) as quantity_reach,
        power(greatest(price[3] / price[1], {{ var('outlier_ratio_floor') }}), 3) as price_reach
    from quartiles
),

spread as (
    select
        product_id,
        n_purchases,
        price[2] as median_price,
        quantity[1] / quantity_reach as least_quantity,
        quantity[3] * quantity_reach as greatest_quantity,
        price[1] / price_reach as least_price,
        price[3] * price_reach as greatest_price
    from reach
),

usual as (
    select
        products.product_id,
        coalesce(own_spread.n_purchases, 0) as n_purchases,
        own_spread.median_price,
        usual_spread.least_quantity,
        usual_spread.greatest_quantity,
        usual_spread.least_price,
        usual_spread.greatest_price
    from products
    left join spread as own_spread
        on products.product_id = own_spread.product_id
    inner join spread as usual_spread
        on usual_spread.product_id is not distinct from case
            when own_spread.n_purchases >= {{ var('outlier_min_purchases') }} then products.product_id
        end
)

select * from usual
