-- name: cases
-- Some users, the same ones every time, each with what they turned to last: the newest first, each item once.
with chosen as (
    select interactions.user_id
    from {interactions} as interactions
    group by interactions.user_id
    order by md5(interactions.user_id)
    limit %(n_users)s
),

latest as (
    select
        interactions.user_id,
        interactions.item_id,
        max(interactions.timestamp) as seen_at
    from {interactions} as interactions
    inner join chosen on interactions.user_id = chosen.user_id
    group by interactions.user_id, interactions.item_id
)

select
    user_id,
    (array_agg(item_id order by seen_at desc, item_id asc))[1:%(n_items)s] as items
from latest
group by user_id
order by user_id collate "C";
