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
order by held_out.user_id collate "C"  -- noqa: RF02
