-- name: of_user
-- Where a user lives: their province, or else their city.
select
    regions.region_kind,
    regions.region,
    regions.region_name
from core.region_customers
inner join core.regions
    on region_customers.region_kind = regions.region_kind and region_customers.region = regions.region
where region_customers.user_id = %(user_id)s
order by regions.region_kind = 'province' desc
limit 1;

-- name: find
-- A region by its name, in whatever case.
select
    region_kind,
    region,
    region_name
from core.regions
where region_kind = %(region_kind)s and region = upper(btrim(regexp_replace(%(region)s, '\s+', ' ', 'g')));
