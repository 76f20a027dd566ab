-- A small company that every suite is content with: 60 people, 40 products, 200 orders; enough to train on.
insert into raw.company__orders (
    source, order_id, order_number, ordered_at, updated_at, status, user_id, city, province, total_amount, content_hash,
    run_key
)
select
    case when nth % 2 = 0 then 'pos' else 'oe' end as source,
    'O' || nth as order_id,
    'O' || nth as order_number,
    timestamptz '2024-01-01 00:00:00+00' + nth * interval '5 minutes' as ordered_at,
    timestamptz '2024-01-01 00:01:00+00' + nth * interval '5 minutes' as updated_at,
    case when nth % 50 = 0 then 'cancelled' else 'completed' end as status,
    case when nth % 5 > 0 then md5((nth % 60)::text) end as user_id,
    'Lahore' as city,
    'Punjab' as province,
    60 + nth % 10 as total_amount,
    md5(nth::text) as content_hash,
    'good' as run_key
from generate_series(1, 200) as nth;

insert into raw.company__order_items (
    source, order_id, line_number, product_id, product_key, product_name, category, quantity, unit_price
)
select
    orders.source,
    orders.order_id,
    nth as line_number,
    'P' || (nth * 7 % 40) as product_id,
    'P' || (nth * 7 % 40) as product_key,
    'Product ' || (nth * 7 % 40) as product_name,
    'Gifts' as category,
    nth as quantity,
    10 as unit_price
from raw.company__orders as orders
cross join generate_series(1, 3) as nth;

create schema if not exists core;

create table core.held_back_items (item_id text, column_name text, reason text, text_digest text);

create table core.customers as
select
    md5(person::text) as user_id,
    null::text as place_seems_to_hold
from generate_series(0, 59) as person;

create schema if not exists personalize;

create table personalize.items as
select
    'P' || nth as item_id,
    'Product ' || nth as product_name,
    'Gifts'::text as category,
    (nth + 1)::real as price,
    1704067200::bigint as creation_timestamp
from generate_series(0, 39) as nth;

create table personalize.interactions as
select
    md5(person::text) as user_id,
    'P' || ((person + nth) % 40) as item_id,
    'purchase'::text as event_type,
    (1 + nth % 3)::real as event_value,
    1704067200::bigint + person * 86400 + nth as timestamp
from generate_series(0, 59) as person
cross join generate_series(1, 20) as nth;

create table personalize.users as
select
    md5(person::text) as user_id,
    null::integer as age,
    null::text as gender,
    'Lahore, Punjab'::text as location
from generate_series(0, 59) as person;

-- The staging tables without their constraints, so that tests can break what the constraints would refuse.
create table cache.offline_user_recommendations__next as
select
    md5(person::text) as user_id,
    (
        select jsonb_agg(jsonb_build_object('product_id', 'P' || ((person + nth) % 40), 'score', 1.0 / nth))
        from generate_series(1, 10) as nth
    ) as recommendations,
    timestamp '2024-03-01 06:00:00' as updated_at,
    'engine'::text as score_kind,
    'good'::text as generation
from generate_series(0, 59) as person;

create table cache.offline_similar_items__next as
select
    'P' || product as product_id,
    (
        select jsonb_agg(jsonb_build_object('product_id', 'P' || ((product + nth) % 40), 'score', 1.0 / nth))
        from generate_series(1, 10) as nth
    ) as similar_products,
    timestamp '2024-03-01 06:00:00' as updated_at,
    'rank'::text as score_kind,
    'good'::text as generation
from generate_series(0, 39) as product;

insert into ops.churn_scores
select
    md5(person::text) as user_id,
    person / 120.0 as churn_risk,
    '{"days_since_purchase": 4}' as features,
    '[{"feature": "days_since_purchase", "value": 4, "contribution": 0.5}]' as reasons,
    'test' as run_key,
    'model' as model_version,
    current_date as as_of_date
from generate_series(0, 119) as person;
