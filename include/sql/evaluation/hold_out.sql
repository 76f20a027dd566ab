-- name: bounds
-- One row: where the hold-out begins and ends, and what lies before it. The newest interaction is its last second.
with newest as (
    select
        max(interactions.timestamp) - %(hold_out_days)s * 86400 + 1 as starts,
        max(interactions.timestamp) as ends
    from {interactions} as interactions
)

select
    to_timestamp(min(newest.starts)) as starts_at,
    to_timestamp(min(newest.ends)) as ends_at,
    count(*) filter (where interactions.timestamp < newest.starts) as n_interactions_before
from {interactions} as interactions
cross join newest;

-- name: users
-- One row per user who purchased in the hold-out and had a purchase before it; the model is asked about the user.
-- Without repeats, what the user had bought before counts neither as found nor as missed.
with purchases as (
    select
        interactions.user_id,
        interactions.item_id,
        to_timestamp(interactions.timestamp) as purchased_at
    from {interactions} as interactions
    where
        interactions.event_type = 'purchase'
        and to_timestamp(interactions.timestamp) <= %(ends_at)s
),

earlier as (
    select
        user_id,
        array_agg(distinct item_id) as items
    from purchases
    where purchased_at < %(starts_at)s
    group by user_id
),

held_out as (
    select distinct
        purchases.user_id,
        purchases.item_id
    from purchases
    inner join earlier on purchases.user_id = earlier.user_id
    where
        purchases.purchased_at >= %(starts_at)s  -- noqa: RF02
        and (%(count_repeats)s or purchases.item_id <> all(earlier.items))  -- noqa: RF02
)

select
    held_out.user_id,
    held_out.user_id as asked_id,
    array_agg(held_out.item_id) as bought,
    case when %(count_repeats)s then '{{}}' else earlier.items end as left_out  -- noqa: RF02
from held_out
inner join earlier on held_out.user_id = earlier.user_id
group by held_out.user_id, earlier.items
order by
    held_out.user_id collate "C"  -- noqa: RF02
    asc;

-- name: items
-- One row per user who purchased several items in the hold-out, at least one of which anybody had bought before.
-- The model is asked about one of these, chosen by a hash, and has to find the others that the user bought.
-- Without repeats, what the user had bought before counts neither as found nor as missed.
with purchases as (
    select
        user_id,
        item_id,
        to_timestamp(interactions.timestamp) >= %(starts_at)s as is_held_out
    from {interactions} as interactions
    where
        event_type = 'purchase'
        and to_timestamp(interactions.timestamp) <= %(ends_at)s
),

known_items as (
    select distinct item_id
    from purchases
    where not is_held_out
),

earlier as (
    select
        user_id,
        array_agg(distinct item_id) as items
    from purchases
    where not is_held_out
    group by user_id
),

held_out as (
    select distinct
        user_id,
        item_id
    from purchases
    where is_held_out
),

asked as (
    select distinct on (held_out.user_id)
        held_out.user_id,
        held_out.item_id,
        case when %(count_repeats)s then '{{}}' else coalesce(earlier.items, '{{}}') end as repeats  -- noqa: RF02
    from held_out
    inner join known_items on held_out.item_id = known_items.item_id
    left join earlier on held_out.user_id = earlier.user_id
    order by held_out.user_id asc, md5(held_out.user_id || held_out.item_id) asc
)

select
    asked.user_id,
    asked.item_id as asked_id,
    array_agg(held_out.item_id) as bought,
    asked.item_id || asked.repeats as left_out
from asked
inner join held_out on asked.user_id = held_out.user_id
where held_out.item_id <> asked.item_id and held_out.item_id <> all(asked.repeats)
group by asked.user_id, asked.item_id, asked.repeats
order by
    asked.user_id collate "C"  -- noqa: RF02
    asc;

-- name: count
-- How many users one of the two above selects.
select count(*) as n_users
from ({cases}) as cases;

-- name: popular_items
-- The items that most users bought in the weeks before the hold-out: what a shop could show without a model.
select interactions.item_id
from {interactions} as interactions
where
    interactions.event_type = 'purchase'
    and to_timestamp(interactions.timestamp) < %(starts_at)s
    and to_timestamp(interactions.timestamp) >= %(starts_at)s - make_interval(days => %(popularity_days)s)
group by interactions.item_id
order by count(distinct interactions.user_id) desc, interactions.item_id collate "C" asc
limit %(n_items)s;

-- name: count_items
-- How many items a model could know: those bought before the hold-out.
select count(distinct interactions.item_id)
from {interactions} as interactions
where to_timestamp(interactions.timestamp) < %(starts_at)s;
