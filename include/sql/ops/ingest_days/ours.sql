-- One row per day (UTC): what raw has of it, and what was found out when the API was last asked about it.
with days as (
    select generate_series(%(span_start)s::date, %(span_end)s::date - 1, interval '1 day')::date as day
),

stored as (
    select
        ordered_at,
        updated_at
    from raw.company__orders
    where
        source = %(source)s
        and not exists (
            select from ops.vanished_orders as vanished
            where vanished.source = company__orders.source and vanished.order_id = company__orders.order_id
        )
    union all
    select
        ordered_at,
        null as updated_at
    from raw.company__rejects
    where
        source = %(source)s
        and line_number is null
        and not exists (
            select from raw.company__orders as readable
            where readable.source = company__rejects.source and readable.order_id = company__rejects.order_id
        )
),

ours as (
    select
        (ordered_at at time zone 'utc')::date as day,
        count(*) as n_orders,
        max(updated_at) as newest_updated_at
    from stored
    where ordered_at >= %(span_start)s and ordered_at < %(span_end)s
    group by (ordered_at at time zone 'utc')::date
),

known as (
    select distinct on (day) *
    from ops.ingest_days
    where source = %(source)s and n_theirs is not null
    order by day asc, checked_at desc
)

select
    days.day,
    coalesce(ours.n_orders, 0) as n_orders,
    ours.newest_updated_at,
    known.n_ours,
    known.n_theirs,
    known.newest_updated_at as known_newest_updated_at,
    known.hash
from days
left join ours on days.day = ours.day
left join known on days.day = known.day
order by days.day
