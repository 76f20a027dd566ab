-- name: popular
-- What is shown to a user without a list of their own: the products that most orders hold.
select
    product_id,
    n_orders::double precision as score
from core.products
where is_product and n_orders > 0
order by n_orders desc, product_id asc
limit %(n_items)s;

-- name: spellings
-- Products whose ids differ from an id by upper and lower case only; more than one, and the id is ambiguous.
select product_id
from core.products
where upper(product_id) = upper(%(item_id)s)
order by product_id
limit 5;

-- name: fitting
-- Which of these products a question asks for, by what they are and where they were ordered. The newest sale is today.
select products.product_id
from core.products
where
    products.product_id = any(%(item_ids)s)
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
    and (
        %(region)s::text is null
        or exists (
            select from core.popular_products
            where
                popular_products.region_kind = %(region_kind)s
                and popular_products.region = %(region)s
                and popular_products.product_id = products.product_id
        )
    );

-- name: orders_of
-- How many orders hold each of these products.
select
    product_id,
    n_orders::double precision as score
from core.products
where product_id = any(%(item_ids)s) and n_orders > 0;

-- name: prices_of
-- The price per unit of these products in the newest order with each.
select
    product_id,
    last_price::double precision as price
from core.products
where product_id = any(%(item_ids)s) and last_price > 0;
