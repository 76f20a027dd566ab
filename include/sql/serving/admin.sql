-- name: performance
-- What became of the lists that were shown since, by the model version that was live then; null before the first.
-- A click counts once per user, answer and item. A purchase is attributed once, to the user's last click on the item in
-- a list in the days before, at the product's last price.
with versions as (
    select
        solution_versions ->> 'users' as model_version,
        published_at,
        lead(published_at, 1, 'infinity') over (order by published_at) as replaced_at
    from {cache}.generations
),

-- An answer that is shown again shows mostly the same items: those are looked into once.
shown as materialized (
    select
        impressions.recommendation_id,
        coalesce(impressions.user_id, impressions.session_id) as reader,
        versions.model_version,
        impressions.item_ids,
        min(impressions.occurred_at) as shown_at
    from serving.impressions
    left join versions
        on impressions.occurred_at >= versions.published_at and impressions.occurred_at < versions.replaced_at
    where impressions.occurred_at >= %(since)s and impressions.recommendation_id is not null
    group by
        impressions.recommendation_id,
        coalesce(impressions.user_id, impressions.session_id),
        versions.model_version,
        impressions.item_ids
),

-- How many items an answer showed; null if it was shown in parts, which are counted below.
answers as (
    select
        shown.recommendation_id,
        shown.reader,
        shown.model_version,
        case when count(*) = 1 then max(items.n_items) end as n_items
    from shown
    cross join
        lateral (
            select count(distinct item.item_id) as n_items from unnest(shown.item_ids) as item (item_id)
        ) as items
    group by shown.recommendation_id, shown.reader, shown.model_version
),

clicked as materialized (
    select
        shown.reader,
        shown.recommendation_id,
        interactions.item_id,
        shown.model_version,
        min(interactions.occurred_at) as clicked_at
    from shown
    inner join serving.interactions
        on
            shown.recommendation_id = interactions.recommendation_id
            and shown.reader = coalesce(interactions.user_id, interactions.session_id)
            and interactions.item_id = any(shown.item_ids)
            and interactions.event_type = 'click'
            and interactions.occurred_at >= shown.shown_at
    where interactions.occurred_at >= %(since)s
    group by shown.reader, shown.recommendation_id, interactions.item_id, shown.model_version
),

bought as (
    select distinct on (purchases.user_id, purchases.item_id, purchases.timestamp)
        clicked.model_version,
        purchases.event_value * coalesce(products.last_price, 0) as revenue
    from clicked
    inner join personalize.interactions as purchases
        on
            clicked.reader = purchases.user_id
            and clicked.item_id = purchases.item_id
            and purchases.event_type = 'purchase'
            and purchases.timestamp >= extract(epoch from clicked.clicked_at)
            and purchases.timestamp < extract(epoch from clicked.clicked_at + %(attribution)s)
    left join core.products on purchases.item_id = products.product_id
    order by purchases.user_id, purchases.item_id, purchases.timestamp, clicked.clicked_at desc
),

counted as (
    select
        model_version,
        sum(n_items) as n_shown,
        0 as n_clicked,
        0 as n_bought,
        0 as revenue
    from answers
    group by model_version
    union all
    select
        model_version,
        count(*) as n_shown,
        0 as n_clicked,
        0 as n_bought,
        0 as revenue
    from (
        select distinct
            shown.recommendation_id,
            shown.reader,
            shown.model_version,
            item.item_id
        from answers
        inner join shown
            on
                answers.recommendation_id = shown.recommendation_id
                and answers.reader = shown.reader
                and answers.model_version is not distinct from shown.model_version
        cross join lateral unnest(shown.item_ids) as item (item_id)
        where answers.n_items is null
    ) as shown_in_parts
    group by model_version
    union all
    select
        model_version,
        0 as n_shown,
        count(*) as n_clicked,
        0 as n_bought,
        0 as revenue
    from clicked
    group by model_version
    union all
    select
        model_version,
        0 as n_shown,
        0 as n_clicked,
        count(*) as n_bought,
        sum(revenue) as revenue
    from bought
    group by model_version
)

select
    model_version,
    coalesce(sum(n_shown), 0)::bigint as n_shown,
    sum(n_clicked)::bigint as n_clicked,
    sum(n_bought)::bigint as n_bought,
    coalesce(sum(revenue), 0)::double precision as revenue
from counted
group by model_version
order by n_shown desc;

-- name: days
-- Items that were shown and clicked in answers, by day.
with shown as (
    select
        (occurred_at at time zone 'utc')::date as day,
        sum(cardinality(item_ids)) as n_shown
    from serving.impressions
    where occurred_at >= %(since)s
    group by (occurred_at at time zone 'utc')::date
),

clicked as (
    select
        (occurred_at at time zone 'utc')::date as day,
        count(*) as n_clicked
    from serving.interactions
    where occurred_at >= %(since)s and event_type = 'click' and recommendation_id is not null
    group by (occurred_at at time zone 'utc')::date
)

select
    day,
    coalesce(shown.n_shown, 0)::bigint as n_shown,
    coalesce(clicked.n_clicked, 0)::bigint as n_clicked
from shown
full join clicked using (day)
order by day;

-- name: dwell
-- How long users stayed with items of lists, in seconds.
select
    count(*) as n_dwells,
    avg(event_value) as mean_seconds
from serving.interactions
where
    event_type = 'dwell'
    and recommendation_id is not null
    and event_value is not null
    and occurred_at >= %(since)s;

-- name: interactions
-- The newest interactions, of one type, item, type of item, user and source where those are given.
select
    occurred_at,
    source,
    event_type,
    item_id,
    item_type,
    user_id,
    event_value,
    weight,
    platform,
    recommendation_id
from serving.interactions
where
    (%(event_type)s::text is null or event_type = %(event_type)s)
    and (%(item_id)s::text is null or item_id = %(item_id)s)
    and (%(item_type)s::text is null or item_type = %(item_type)s)
    and (%(user_id)s::text is null or user_id = %(user_id)s)
    and (%(source)s::text is null or source = %(source)s)
    and occurred_at < %(before)s
order by occurred_at desc, event_id
limit %(n_rows)s;

-- name: received_by_hour
-- What became of received events since, by hour.
select
    date_trunc('hour', received_at at time zone 'utc') as hour,
    count(*) filter (where outcome = 'processed') as n_processed,
    count(*) filter (where outcome = 'skipped') as n_skipped
from serving.received_events
where received_at >= %(since)s
group by date_trunc('hour', received_at at time zone 'utc')
order by date_trunc('hour', received_at at time zone 'utc');

-- name: received_by_reason
-- What became of received events since, by source and reason, and the newest of each.
select
    source,
    outcome,
    reason,
    count(*) as n_events,
    max(received_at) as last_at
from serving.received_events
where received_at >= %(since)s
group by source, outcome, reason
order by n_events desc;

-- name: generations
-- Generations of a group's cache, the newest first.
select
    generation,
    state,
    published_at,
    user_lists,
    users_asked,
    item_lists,
    items_asked
from {cache}.generations
order by published_at desc
limit %(n_rows)s;

-- name: has_churn
select to_regclass('serving.churn_predictions') is not null as has_churn;

-- name: has_churn_models
-- Whether there is a table of models, and this role may read it.
select
    to_regclass('ops.churn_models') is not null
    and has_schema_privilege('ops', 'usage')
    and has_table_privilege(to_regclass('ops.churn_models'), 'select') as has_churn_models;

-- name: churn_models
-- The models of churn, the newest first, with their figures and those of recency alone.
select
    run_key,
    state,
    reason,
    trained_at,
    measured_on,
    n_customers,
    auc,
    brier,
    calibration_error,
    recency_auc,
    recency_brier,
    bins
from ops.churn_models
order by trained_at desc
limit %(n_rows)s;

-- name: churn
-- Churn predictions by day: how many, how high, and how many at high risk.
select
    (prediction_date at time zone 'utc')::date as day,
    count(*) as n_users,
    avg(churn_risk) as mean_risk,
    count(*) filter (where churn_risk >= %(high_risk)s) as n_high
from serving.churn_predictions
where prediction_date >= %(since)s
group by (prediction_date at time zone 'utc')::date
order by (prediction_date at time zone 'utc')::date;
