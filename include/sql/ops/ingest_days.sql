-- name: create
-- One row per day (UTC) of a source that the wider look has compared with the API, and run that did so. n_theirs,
-- newest_updated_at and hash are the API's own word on the day, null where it gives none; n_ours is what raw had of it
-- afterwards (orders, and orders that could not be read, without those that have vanished), n_before what it had.
create table if not exists ops.ingest_days (
    source text not null,
    day date not null,
    run_key text not null,
    n_before integer not null,
    n_ours integer not null,
    n_theirs integer,
    newest_updated_at timestamptz,
    hash text,
    action text not null check (action in ('kept', 'read again')),
    checked_at timestamptz not null default now(),
    primary key (source, day, run_key)
);

-- name: due
-- Whether the last wider look at a source, or the beginning of its ledger, lies far enough back for another.
select
    coalesce(
        (
            select max(checked_at)
            from ops.ingest_days
            where source = %(source)s
        ),
        (
            select min(started_at)
            from ops.ingest_windows
            where source = %(source)s and state = 'proven'
        )
    ) < now() - %(every)s::interval;

-- name: ours
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
order by days.day;

-- name: insert
insert into ops.ingest_days (source, day, run_key, n_before, n_ours, n_theirs, newest_updated_at, hash, action)
values (
    %(source)s, %(day)s, %(run_key)s, %(n_before)s, %(n_ours)s, %(n_theirs)s, %(newest_updated_at)s, %(hash)s,
    %(action)s
)
on conflict (source, day, run_key) do update set
    n_before = excluded.n_before,
    n_ours = excluded.n_ours,
    n_theirs = excluded.n_theirs,
    newest_updated_at = excluded.newest_updated_at,
    hash = excluded.hash,
    action = excluded.action,
    checked_at = excluded.checked_at;
