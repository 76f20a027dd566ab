-- One line per active user, for a batch job. Active: a sale, of anything; with `active_days`, also a purchase so many
-- days or fewer before the newest one.
with activity as (
    select max(customers.last_purchased_at) - make_interval(days => %(active_days)s::integer) as since
    from {customers} as customers
),

active as (
    select customers.user_id
    from {customers} as customers
    cross join activity
    where
        customers.n_sales > 0
        and (activity.since is null or customers.last_purchased_at >= activity.since)
)

select jsonb_build_object('userId', user_id)::text as line
from active
order by user_id collate "C"
