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
order by asked.user_id collate "C"  -- noqa: RF02
