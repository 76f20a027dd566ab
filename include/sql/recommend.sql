-- name: users
-- One line per active user, for a batch job; of a group that has part of the marts, only users with interactions there.
-- Active: a sale, of anything; with `active_days`, also a purchase so many days or fewer before the newest one.
with activity as (
    select max(customers.last_purchased_at) - make_interval(days => %(active_days)s::integer) as since
    from core.customers as customers
),

active as (
    select customers.user_id
    from core.customers as customers
    cross join activity
    where
        customers.n_sales > 0
        and (activity.since is null or customers.last_purchased_at >= activity.since)
        and (
            %(is_everybody)s
            or customers.user_id in (select interactions.user_id from {interactions} as interactions)  -- noqa: RF02
        )
)

select jsonb_build_object('userId', user_id)::text as line
from active
order by user_id collate "C";

-- name: items
-- One line per item, for a batch job.
select jsonb_build_object('itemId', items.item_id)::text as line
from {items} as items
order by items.item_id collate "C";
