-- What one group shows to a user without a list of their own: the products that most of its orders hold. A code that is
-- no product any more is left out at once, as for the whole shop.
select
    popular_products.product_id,
    popular_products.n_orders::double precision as score,
    generations.generation,
    generations.published_at
from {cache}.popular_products
inner join {cache}.generations on popular_products.generation = generations.generation
inner join core.products on popular_products.product_id = products.product_id
where generations.state = 'live' and products.is_product
order by popular_products.n_orders desc, popular_products.product_id asc
limit %(n_items)s
