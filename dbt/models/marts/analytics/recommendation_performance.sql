with impressions as (
    {{ optional_rows('serving', 'impressions', {
        'recommendation_id': 'text', 'user_id': 'text', 'session_id': 'text', 'item_ids': 'text[]',
        'occurred_at': 'timestamptz',
    }) }}
),

events as (
    {{ optional_rows('serving', 'interactions', {
        'recommendation_id': 'text', 'user_id': 'text', 'session_id': 'text', 'event_type': 'text', 'item_id': 'text',
        'event_value': 'double precision', 'occurred_at': 'timestamptz',
    }) }}
),

versions as (
    select
        solution_versions ->> 'users' as model_version,
        published_at,
        lead(published_at, 1, 'infinity') over (order by published_at) as replaced_at
    from {{ source('cache', 'generations') }}
),

-- An item of an answer that is shown to one reader again is shown once, where it was first.
shown as (
    select distinct on (impressions.recommendation_id, reader.reader_id, item.item_id)
        impressions.recommendation_id,
        reader.reader_id,
        item.item_id,
        impressions.occurred_at as shown_at
    from impressions
    cross join lateral (values (coalesce(impressions.user_id, impressions.session_id))) as reader (reader_id)
    cross join lateral unnest(impressions.item_ids) as item (item_id)
    where impressions.recommendation_id is not null
    order by impressions.recommendation_id, reader.reader_id, item.item_id, impressions.occurred_at
),

dated as (
    select
        shown.*,
        (shown.shown_at at time zone 'utc')::date as shown_on,
        versions.model_version
    from shown
    left join versions on shown.shown_at >= versions.published_at and shown.shown_at < versions.replaced_at
),

reactions as (
    select
        dated.shown_on,
        dated.model_version,
        dated.recommendation_id,
        dated.reader_id,
        dated.item_id,
        min(events.occurred_at) filter (where events.event_type = 'click') as clicked_at,
        count(*) filter (where events.event_type = 'dwell' and events.event_value is not null) as n_dwells,
        coalesce(sum(events.event_value) filter (where events.event_type = 'dwell'), 0) as dwell_seconds
    from dated
    inner join events
        on
            dated.recommendation_id = events.recommendation_id
            and dated.reader_id = coalesce(events.user_id, events.session_id)
            and dated.item_id = events.item_id
            and dated.shown_at <= events.occurred_at
    where events.event_type in ('click', 'dwell')
    group by dated.shown_on, dated.model_version, dated.recommendation_id, dated.reader_id, dated.item_id
),

-- A purchase belongs to the last click of its customer on the product.
conversions as (
    select distinct on (purchases.source, purchases.order_id, purchases.product_id)
        reactions.shown_on,
        reactions.model_version,
        purchases.amount
    from reactions
    inner join {{ ref('int_purchases__by_order') }} as purchases
        on
            reactions.reader_id = purchases.user_id
            and reactions.item_id = purchases.product_id
            and reactions.clicked_at <= purchases.ordered_at
            and reactions.clicked_at + interval '{{ var("attribution_days") }} days' > purchases.ordered_at
    order by
        purchases.source asc,
        purchases.order_id asc,
        purchases.product_id asc,
        reactions.clicked_at desc,
        reactions.recommendation_id asc
),

counts as (
    select
        shown_on,
        model_version,
        count(*) as n_shown,
        0 as n_clicked,
        0 as n_dwells,
        0 as dwell_seconds,
        0 as n_conversions,
        0 as attributed_revenue
    from dated
    group by shown_on, model_version
    union all
    select
        shown_on,
        model_version,
        0 as n_shown,
        count(clicked_at) as n_clicked,
        sum(n_dwells) as n_dwells,
        sum(dwell_seconds) as dwell_seconds,
        0 as n_conversions,
        0 as attributed_revenue
    from reactions
    group by shown_on, model_version
    union all
    select
        shown_on,
        model_version,
        0 as n_shown,
        0 as n_clicked,
        0 as n_dwells,
        0 as dwell_seconds,
        count(*) as n_conversions,
        sum(amount) as attributed_revenue
    from conversions
    group by shown_on, model_version
),

performance as (
    select
        shown_on,
        model_version,
        sum(n_shown)::bigint as n_shown,
        sum(n_clicked)::bigint as n_clicked,
        sum(n_dwells)::bigint as n_dwells,
        sum(dwell_seconds)::double precision as dwell_seconds,
        sum(n_conversions)::bigint as n_conversions,
        sum(attributed_revenue)::numeric as attributed_revenue
    from counts
    group by shown_on, model_version
)

select * from performance
