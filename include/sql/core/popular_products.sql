-- name: best
-- The most ordered products of a region, or of the whole shop, that a question asks for; with `is_trend`, those whose
-- orders grew most against the time before, in standard deviations of what chance would do. The newest sale is today.
select
    popular_products.product_id,
    case
        when %(is_trend)s
            then
                (popular_products.n_recent_orders - popular_products.n_earlier_orders)
                / sqrt(popular_products.n_recent_orders + popular_products.n_earlier_orders::double precision)
        else popular_products.n_orders::double precision
    end as score
from core.popular_products
inner join core.products on popular_products.product_id = products.product_id
where
    popular_products.region_kind = %(region_kind)s
    and popular_products.region = %(region)s
    and products.is_product
    and (not %(is_trend)s or popular_products.n_recent_orders > popular_products.n_earlier_orders)
    and (%(category)s::text is null or lower(products.category) = lower(%(category)s))
    and (%(min_price)s::numeric is null or products.last_price >= %(min_price)s)
    and (%(max_price)s::numeric is null or products.last_price <= %(max_price)s)
    and (
        %(in_stock_days)s::integer is null
        or products.last_sold_at >= (
            select max(every_one.last_sold_at) - make_interval(days => %(in_stock_days)s)
            from core.products as every_one
        )
    )
order by score desc, popular_products.product_id asc
limit %(n_items)s;

-- name: orders_in_region
-- How many orders of a region hold each of these products.
select
    product_id,
    n_orders::double precision as n_orders
from core.popular_products
where region_kind = %(region_kind)s and region = %(region)s and product_id = any(%(item_ids)s);
