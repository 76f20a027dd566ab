-- name: closest
-- What is purchased in the same orders as a product, closest first. A code that is no product any more is left out.
select
    products_bought_together.with_product_id as product_id,
    products_bought_together.score
from core.products_bought_together
inner join core.products on products_bought_together.with_product_id = products.product_id
where products_bought_together.product_id = %(item_id)s and products.is_product
order by products_bought_together.score desc, products_bought_together.with_product_id asc;

-- name: with_purchases_of
-- For each of these products, the closest of those that a user has purchased.
select distinct on (pairs.product_id)
    pairs.product_id,
    pairs.with_product_id,
    products.product_name as with_product_name
from core.products_bought_together as pairs
inner join personalize.interactions
    on pairs.with_product_id = interactions.item_id and interactions.user_id = %(user_id)s
inner join core.products on pairs.with_product_id = products.product_id
where pairs.product_id = any(%(item_ids)s)
order by pairs.product_id asc, pairs.score desc, pairs.with_product_id asc;
