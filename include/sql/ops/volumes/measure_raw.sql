-- What raw holds of each source. A source whose windows brought nothing counts, too.
with sources as (
    select source from raw.company__orders
    union
    select source from ops.ingest_windows
),

orders as (
    select
        source,
        count(*) as n_orders,
        count(distinct user_id) as n_users
    from raw.company__orders
    group by source
),

order_items as (
    select
        source,
        count(*) as n_order_items
    from raw.company__order_items
    group by source
),

counted as (
    select
        sources.source,
        coalesce(orders.n_orders, 0) as n_orders,
        coalesce(orders.n_users, 0) as n_users,
        coalesce(order_items.n_order_items, 0) as n_order_items
    from sources
    left join orders on sources.source = orders.source
    left join order_items on sources.source = order_items.source
)

select
    'orders of ' || source as measure,
    n_orders as value
from counted
union all
select
    'order items of ' || source as measure,
    n_order_items as value
from counted
union all
select
    'users of ' || source as measure,
    n_users as value
from counted
