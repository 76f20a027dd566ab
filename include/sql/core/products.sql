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
