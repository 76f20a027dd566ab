-- name: list
-- The regions of a kind that have active customers, the most populous first.
select
    region,
    region_name,
    n_customers
from core.regions
where region_kind = %(region_kind)s and n_customers > 0
order by n_customers desc, region asc;

-- name: find
-- One region, by its name in whatever case.
select
    region,
    region_name,
    n_customers
from core.regions
where region_kind = %(region_kind)s and region = upper(btrim(regexp_replace(%(region)s, '\s+', ' ', 'g')));

-- name: sample
-- Some of a region's active customers: uniform, without replacement, and the same ones for the same seed.
select user_id
from core.region_customers
where region_kind = %(region_kind)s and region = %(region)s
order by sha256(convert_to(%(seed)s || user_id, 'utf8')), user_id
limit %(n_users)s;

-- name: lists
-- The lists of these users in one group, which has a place among the groups that are searched together.
select
    {nth} as place,
    user_id,
    recommendations::text as products
from {cache}.offline_user_recommendations
where user_id = any(%(user_ids)s);

-- name: names
-- What these products are called.
select
    product_id,
    product_name
from core.products
where product_id = any(%(item_ids)s);
