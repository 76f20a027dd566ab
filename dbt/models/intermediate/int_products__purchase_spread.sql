with purchase_values as (
    select * from {{ ref('int_products__purchase_values') }}
),

products as (
    select * from {{ ref('int_products__classified') }}
),

-- Of each product, and without one, of all.
counted as (
    select
        product_id,
        measure,
        value,
        n_purchases
    from purchase_values
    union all
    select
        null as product_id,
        measure,
        value,
        sum(n_purchases)::bigint as n_purchases
    from purchase_values
    group by measure, value
),

placed as (
    select
        product_id,
        measure,
        value,
        sum(n_purchases) over (partition by product_id, measure order by value)::bigint as n_through,
        sum(n_purchases) over (partition by product_id, measure)::bigint as n_purchases
    from counted
),

fractions (name, fraction) as (
    values
    ('q1', 0.25::double precision),
    ('q2', 0.5::double precision),
    ('q3', 0.75::double precision)
),

places as (
    select
        placed.*,
        fractions.name,
        fractions.fraction * (placed.n_purchases - 1) as place
    from placed
    cross join fractions
),

-- The values around each quartile, and how far it lies between them: percentile_cont of counted values.
neighbours as (
    select
        product_id,
        measure,
        n_purchases,
        name,
        min(value) filter (where n_through > floor(place)) as below,
        min(value) filter (where n_through > ceil(place)) as above,
        place - floor(place) as share
    from places
    group by product_id, measure, n_purchases, name, place
),

quartiles as (
    select
        product_id,
        measure,
        n_purchases,
        max(below + (above - below) * share) filter (where name = 'q1') as q1,
        max(below + (above - below) * share) filter (where name = 'q2') as q2,
        max(below + (above - below) * share) filter (where name = 'q3') as q3
    from neighbours
    group by product_id, measure, n_purchases
),

reach as (
    select
        *,
        power(greatest(q3 / q1, {{ var('outlier_ratio_floor') }}), 3) as reach
    from quartiles
),

spread as (
    select
        quantities.product_id,
        quantities.n_purchases,
        prices.q2 as median_price,
        quantities.q1 / quantities.reach as least_quantity,
        quantities.q3 * quantities.reach as greatest_quantity,
        prices.q1 / prices.reach as least_price,
        prices.q3 * prices.reach as greatest_price
    from reach as quantities
    inner join reach as prices
        on
            coalesce(quantities.product_id, '') = coalesce(prices.product_id, '')
            and prices.measure = 'price'
    where quantities.measure = 'quantity'
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
    left join spread as usual_spread
        on coalesce(usual_spread.product_id, '') = case
            when own_spread.n_purchases >= {{ var('outlier_min_purchases') }} then products.product_id else ''
        end
)

select * from usual
