-- The marts of a small company: 120 customers, 40 items and 1,440 purchases.
create schema core;
create schema personalize;

create table core.held_back_items (item_id text, column_name text, reason text, text_digest text);

create table personalize.items as
select
    format('P%s', lpad(n::text, 3, '0')) as item_id,
    format('product "%s", with a comma', n) as product_name,
    case when n % 10 > 0 then format('category %s', n % 5) end as category,
    (n * 1.5)::real as price,
    1700000000::bigint + n as creation_timestamp
from generate_series(1, 40) as n;

-- Everybody buys within one fifth of the items.
create table personalize.interactions as
select
    md5(customer::text) as user_id,
    format('P%s', lpad((1 + (customer % 5) + 5 * ((customer * 7 + nth * nth) % 8))::text, 3, '0')) as item_id,
    'purchase'::text as event_type,
    (1 + nth % 3)::real as event_value,
    1710000000::bigint + customer * 86400 + nth * 3600 as timestamp
from generate_series(1, 120) as customer, generate_series(1, 12) as nth;

create table core.customers as
select
    user_id,
    count(*) as n_sales,
    count(*) as n_purchases,
    to_timestamp(max(timestamp)) as last_purchased_at
from personalize.interactions
group by user_id
union all
select 'only cancelled', 0, 0, null;

create table personalize.users as
select user_id, null::integer as age, null::text as gender, 'Lahore, Punjab'::text as location
from core.customers
where n_purchases > 0;
