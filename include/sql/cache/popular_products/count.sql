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
limit %(n_items)s
