-- A shop after four weeks: products of two dozen names, customers in nine places, two model versions, events of all
-- sources, churn predictions and an experiment.

create temporary table names as
select
    nth,
    format('P%s', lpad(nth::text, 3, '0')) as product_id,
    name,
    category,
    price
from unnest(
    array[
        'White hanging heart T-light holder', 'Regency cakestand 3 tier', 'Jumbo bag red retrospot', 'Party bunting',
        'Lunch bag red retrospot', 'Assorted colour bird ornament', 'Set of 3 cake tins pantry design',
        'Pack of 72 retrospot cake cases', 'Lunch bag black skull', 'Natural slate heart chalkboard',
        'Heart of wicker small', 'Jam making set with jars', 'Rex cash and carry jumbo shopper', 'Paper chain kit 50s',
        'Spotty bunting', 'Alarm clock bakelike red', 'Wooden picture frame white finish', 'Recipe box pantry yellow',
        'Hot water bottle keep calm', 'Gardeners kneeling pad', 'Vintage snap cards', 'Victorian glass hanging T-light',
        'Set of 4 pantry jelly moulds', 'Wood 2 drawer cabinet white finish'
    ]
) with ordinality as named (name, nth)
cross join lateral (
    values (
        (array['Home', 'Kitchen', 'Bags', 'Garden'])[1 + nth % 4], round((1.25 + nth * 0.85)::numeric, 2)
    )
) as facts (category, price);

insert into core.products (product_id, is_product, n_orders, product_name, category, last_price)
select
    product_id,
    true,
    2400 - nth * 61,
    name,
    category,
    price
from names;

insert into core.popular_products (region_kind, region, product_id, n_orders, n_recent_orders, n_earlier_orders)
select
    'all',
    'ALL',
    product_id,
    2400 - nth * 61,
    90 - nth,
    80
from names;

create temporary table places as
select
    kind,
    upper(name) as region,
    name,
    n_users
from (
    values
    ('city', 'Lahore', 140), ('city', 'Karachi', 96), ('city', 'Islamabad', 61), ('city', 'Multan', 34),
    ('city', 'Quetta', 9), ('province', 'Punjab', 174), ('province', 'Sindh', 96),
    ('province', 'Islamabad Capital Territory', 61), ('province', 'Balochistan', 9)
) as place (kind, name, n_users);

insert into core.regions
select
    kind,
    region,
    name,
    n_users * 4,
    n_users
from places;
insert into core.region_customers
select
    kind,
    region,
    md5(format('%s-%s', case kind when 'city' then name else 'Lahore' end, nth)),
    now() - make_interval(days => nth % 50)
from places
cross join lateral generate_series(1, n_users) as nth;

insert into cache.generations (
    generation, state, user_lists, item_lists, users_asked, items_asked, solution_versions, published_at
)
select
    to_char(now() - make_interval(hours => 6 * nth + 2), 'YYYYMMDD"T"HH24MISS'),
    case nth when 0 then 'live' when 1 then 'previous' else 'retired' end,
    340 - nth,
    24,
    342,
    24,
    jsonb_build_object(
        'users', 'arn:aws:personalize:us-east-1:000000000000:solution/aisle-user-personalization/'
        || case when nth < 2 then '4f1c8a20' else '9d03be77' end, 'items', 'arn:similar/11aa22bb'
    ),
    now() - case when nth < 2 then make_interval(hours => 6 * nth + 2) else make_interval(days => 8 * nth) end
from generate_series(0, 3) as nth;

insert into cache.offline_user_recommendations
select
    user_id,
    (
        select jsonb_agg(jsonb_build_object('product_id', product_id, 'score', round((0.95 - nth * 0.03)::numeric, 4)))
        from names
        where abs(hashtext(user_id || product_id)) % 24 < 24 - nth and nth <= 15
    ),
    now() - interval '2 hours',
    'engine',
    (select generation from cache.generations where state = 'live')
from (select distinct user_id from core.region_customers) as users
where abs(hashtext(user_id)) % 20 > 0;
insert into cache.offline_similar_items
select
    asked.product_id,
    (
        select jsonb_agg(jsonb_build_object('product_id', product_id, 'score', round((0.9 - nth * 0.02)::numeric, 4)))
        from names
        where product_id <> asked.product_id
    ),
    now() - interval '2 hours',
    'engine',
    (select generation from cache.generations where state = 'live')
from names as asked;

-- 1,400 answers of ten products in four weeks; one in six is clicked, one click in four is followed by a purchase.
create temporary table answers as
select
    nth,
    format('r%s', nth) as recommendation_id,
    md5(format('Lahore-%s', 1 + nth % 140)) as user_id,
    (array['amplitude', 'feed', 'api', 'shop'])[1 + nth % 4] as source,
    now() - make_interval(mins => nth * 29 % 40000 + 90) as shown_at,
    (select array_agg(product_id) from names where (nth + answers.nth) % 24 < 10) as items
from generate_series(1, 1400) as answers (nth);
insert into serving.impressions (
    event_id, source, user_id, session_id, weights_version, event_type, item_ids, recommendation_id, occurred_at
)
select
    'shown-' || nth,
    source,
    user_id,
    's' || nth,
    '1',
    'initial_impression',
    items,
    recommendation_id,
    shown_at
from answers;
insert into serving.interactions (
    event_id, source, user_id, session_id, event_type, item_id, item_type, weight, weights_version, event_value,
    recommendation_id, occurred_at, platform
)
select
    format('%s-%s', event_type, nth),
    source,
    user_id,
    's' || nth,
    event_type,
    items[1],
    (array['product', 'bundle'])[1 + nth % 2],
    weight,
    '1',
    case event_type when 'dwell' then 12 + nth % 70 when 'purchase' then 4.5 end,
    recommendation_id,
    shown_at + make_interval(secs => 20 + place),
    case source when 'amplitude' then 'iOS' end
from answers
cross join (
    values (1, 'click', 1.0, 6), (2, 'dwell', 0.4, 6), (3, 'hide', -0.5, 90), (4, 'favorite', 2.0, 40)
) as acts (place, event_type, weight, one_in)
where nth % one_in = 0;
insert into personalize.interactions
select
    user_id,
    items[1],
    'purchase',
    1,
    extract(epoch from shown_at)::bigint + 7200
from answers
where nth % 24 = 0;

insert into serving.received_events (event_id, source, event_type, outcome, reason, received_at)
select
    'received-' || nth,
    (array['amplitude', 'amplitude', 'feed', 'api'])[1 + nth % 4],
    'click',
    case when nth % 9 = 0 then 'skipped' else 'processed' end,
    case when nth % 9 = 0 then (array['unknown_event_type', 'missing_item', 'missing_user'])[1 + nth % 3] end,
    now() - make_interval(mins => nth * 3 % 2800)
from generate_series(1, 940) as nth;

insert into serving.churn_predictions (user_id, prediction_date, churn_risk)
select
    md5(format('Lahore-%s', nth)),
    now() - make_interval(days => day * 3),
    least(0.98, abs(hashtext(format('%s-%s', nth, day))) % 100 / 110.0 + 0.02)
from generate_series(0, 12) as day
cross join generate_series(1, 140) as nth;

insert into serving.exposures
select
    'heavy-weights',
    format('%s-%s', arm, nth),
    arm,
    now() - make_interval(days => 1 + nth % 12, hours => 12)
from generate_series(1, 1200) as nth
cross join unnest(array['control', 'heavy']) as arm;
insert into serving.interactions (
    event_id, source, user_id, session_id, event_type, item_id, weight, weights_version, occurred_at
)
select
    format('%s-%s', exposures.user_id, acts.event_type),
    'api',
    exposures.user_id,
    's',
    acts.event_type,
    'P001',
    1,
    '1',
    exposures.exposed_at + interval '1 hour'
from serving.exposures
cross join (values ('click', 'control', 8), ('click', 'heavy', 5), ('hide', 'control', 70), ('hide', 'heavy', 70)) as acts (event_type, arm, one_in)
where acts.arm = exposures.arm and split_part(exposures.user_id, '-', 2)::int % acts.one_in = 0;
