-- name: create
-- One row per generation and product, for the products that most of the group's orders hold. None for a group that has
-- the whole shop. What is live is what `generations` says: a switch and a rollback leave these rows where they are.
create table if not exists {cache}.popular_products (
    generation text not null,
    product_id varchar(255) not null,
    n_orders bigint not null,
    primary key (generation, product_id)
);

-- Serving reads both, and may have been given only the other so far.
select cache.copy_grants('{cache}.generations', '{cache}.popular_products');

-- name: count
-- Orders of known customers, as the group learns from them. Ties as for the whole shop.
insert into {cache}.popular_products (generation, product_id, n_orders)
select
    %(generation)s,
    interactions.item_id,
    count(*) as n_orders
from {interactions} as interactions
where interactions.event_type = 'purchase'
group by interactions.item_id
order by n_orders desc, interactions.item_id asc
limit %(n_items)s;

-- name: look_up
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
limit %(n_items)s;

-- name: forget
delete from {cache}.popular_products
where generation = %(generation)s;

-- name: forget_retired
delete from {cache}.popular_products
using {cache}.generations
where popular_products.generation = generations.generation and generations.state = 'retired';
