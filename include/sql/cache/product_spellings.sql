-- Products whose ids differ from an id by upper and lower case only; more than one, and the id is ambiguous.
select product_id
from core.products
where upper(product_id) = upper(%(item_id)s)
order by product_id
limit 5
