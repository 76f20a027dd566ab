-- name: products
-- What the carousel shows: the most ordered products, or those whose name or id contains the text, in whatever case.
select
    product_id,
    product_name,
    category,
    last_price::double precision as price
from core.products
where
    is_product
    and (
        %(search)s::text is null
        or strpos(lower(product_name), lower(%(search)s)) > 0
        or strpos(lower(product_id), lower(%(search)s)) > 0
    )
order by n_orders desc, product_id asc
limit %(n_items)s;

-- name: details
-- What is shown of these products.
select
    product_id,
    product_name,
    category,
    last_price::double precision as price
from core.products
where product_id = any(%(product_ids)s);

-- name: places
-- Where customers live, the most populous places first.
select
    region_kind,
    region_name
from core.regions
where n_customers > 0
order by n_customers desc, region_name asc;

-- name: similar
-- The lists of the selected products in one group, which has a place among the groups that are searched together.
select
    {nth} as place,
    product_id,
    similar_products::text as products,
    generation
from {cache}.offline_similar_items
where product_id = any(%(product_ids)s);

-- name: popular
-- The most ordered products of the city, else of the province, else of the whole shop, and the name of that region.
with chosen as (
    select
        region_kind,
        region,
        region_name
    from core.regions
    where
        (region_kind = 'city' and region = upper(btrim(regexp_replace(%(city)s, '\s+', ' ', 'g'))))
        or (region_kind = 'province' and region = upper(btrim(regexp_replace(%(province)s, '\s+', ' ', 'g'))))
    order by region_kind = 'city' desc
    limit 1
)

select
    popular_products.product_id,
    popular_products.n_orders::double precision as score,
    chosen.region_name as place
from core.popular_products
inner join core.products on popular_products.product_id = products.product_id
left join chosen on true
where
    popular_products.region_kind = coalesce(chosen.region_kind, 'all')
    and popular_products.region = coalesce(chosen.region, 'ALL')
    and products.is_product
order by popular_products.n_orders desc, popular_products.product_id asc
limit %(n_items)s;
