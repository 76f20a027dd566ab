-- name: create
-- The ledger: one row per fetched window of a source and run. The watermark is read off it, and kept nowhere else.
-- repeated_orders came on more than one page; vanished_orders are in raw, and the API no longer gives them;
-- proven_until is the earliest of window_end and the clocks of this database and of the API.
create table if not exists ops.ingest_windows (
    source text not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    run_key text not null,
    kind text not null check (kind in ('scheduled', 'backfill', 'tail', 'recheck')),
    state text not null check (state in ('running', 'proven', 'failed')),
    pages integer not null default 0,
    orders integer not null default 0,
    orders_changed integer not null default 0,
    order_items integer not null default 0,
    merged_items integer not null default 0,
    rejected_items integer not null default 0,
    repeated_orders integer not null default 0,
    vanished_orders integer not null default 0,
    proven_until timestamptz,
    error text,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (source, window_start, window_end, run_key),
    check (window_start < window_end)
);

select
    ops.rename_column('ops.ingest_windows', 'order_lines', 'order_items'),
    ops.rename_column('ops.ingest_windows', 'merged_lines', 'merged_items'),
    ops.rename_column('ops.ingest_windows', 'rejected_lines', 'rejected_items');

-- A warehouse of an earlier version lacks the kinds and columns of tails, rechecks and the clocks of the API.
alter table ops.ingest_windows drop constraint if exists ingest_windows_kind_check;
alter table ops.ingest_windows add constraint ingest_windows_kind_check
check (kind in ('scheduled', 'backfill', 'tail', 'recheck'));

alter table ops.ingest_windows
add column if not exists repeated_orders integer not null default 0,
add column if not exists vanished_orders integer not null default 0,
add column if not exists proven_until timestamptz;

-- How far a proven window proves anything: no further than the clocks had come when it was fetched. A window that this
-- database's own clock has not reached was begun by a clock that ran ahead, and proves nothing.
create or replace view ops.proven_windows as
select
    source,
    kind,
    window_start,
    least(window_end, coalesce(proven_until, started_at)) as window_end
from ops.ingest_windows
where
    state = 'proven'
    and started_at <= now()
    and window_start < least(window_end, coalesce(proven_until, started_at));

-- The advisory lock of one window of a source.
create or replace function ops.window_lock(source text, window_start timestamptz, window_end timestamptz)
returns bigint stable language sql
return hashtextextended(
    concat_ws(' ', 'aisle window', source, window_start at time zone 'utc', window_end at time zone 'utc'), 0
);

-- name: claim
-- One process at a time works on a window, whichever run, DAG or scheduler started it. The lock goes with the session.
select pg_try_advisory_lock(ops.window_lock(%(source)s, %(window_start)s, %(window_end)s));

-- name: release
select pg_advisory_unlock(ops.window_lock(%(source)s, %(window_start)s, %(window_end)s));

-- name: begin
-- Record that a window is about to be fetched. A proven window stays proven while it is fetched again.
insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state)
values (%(source)s, %(window_start)s, %(window_end)s, %(run_key)s, %(kind)s, 'running')
on conflict (source, window_start, window_end, run_key) do update set
    state = excluded.state,
    kind = excluded.kind,
    error = null,
    started_at = excluded.started_at,
    finished_at = null
where ingest_windows.state <> 'proven';

-- name: prove
-- A window was fetched to its end, and its orders are in raw as of this transaction. Runs after the merge.
-- orders_changed adds up over fetches of the same window, so that its sum over the ledger only ever grows.
update ops.ingest_windows set
    state = 'proven',
    kind = case when ingest_windows.kind = 'scheduled' then ingest_windows.kind else %(kind)s end,
    error = null,
    pages = %(pages)s,
    orders = fetched.orders,
    orders_changed = ingest_windows.orders_changed + fetched.orders_changed,
    order_items = fetched.order_items,
    merged_items = fetched.merged_items,
    rejected_items = fetched.rejected_items,
    repeated_orders = %(repeated_orders)s,
    vanished_orders = fetched.vanished_orders,
    proven_until = least(ingest_windows.window_end, ingest_windows.started_at, %(answered_at)s::timestamptz),
    finished_at = now()
from (
    select
        (select count(*) from newest_orders) as orders,
        (select count(*) from changed_orders) as orders_changed,
        items.kept + items.merged + rejected.items as order_items,
        items.merged as merged_items,
        rejected.items as rejected_items,
        (
            select count(*)
            from ops.vanished_orders
            where source = %(source)s and ordered_at >= %(window_start)s and ordered_at < %(window_end)s
        ) as vanished_orders
    from (
        select count(*) as kept, coalesce(sum(staged_order_items.merged_lines), 0) as merged
        from staged_order_items
        inner join newest_orders using (version)
    ) as items
    cross join (
        select coalesce(sum(staged_rejects.n_lines), 0) as items
        from staged_rejects
        inner join newest_orders using (version)
    ) as rejected
) as fetched
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
returning
    fetched.orders, fetched.orders_changed, fetched.order_items, fetched.merged_items, fetched.rejected_items,
    ingest_windows.repeated_orders, fetched.vanished_orders, ingest_windows.proven_until;

-- name: proof
-- Return what this run has already proven of a window.
select
    orders,
    orders_changed,
    order_items,
    merged_items,
    rejected_items,
    repeated_orders,
    vanished_orders
from ops.ingest_windows
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
    and state = 'proven';

-- name: fail
-- Record that a window could not be fetched or loaded. None of it is in raw, unless an earlier fetch was proven.
update ops.ingest_windows set
    state = 'failed',
    error = %(error)s,
    finished_at = now()
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
    and state <> 'proven';

-- name: abandon
-- Mark windows as failed whose process died. A process at work holds the lock of its window, see `claim`.
update ops.ingest_windows set
    state = 'failed',
    error = 'its process ended without a word',
    finished_at = now()
where
    source = %(source)s
    and state = 'running'
    and pg_try_advisory_xact_lock(ops.window_lock(source, window_start, window_end));

-- name: distrust
-- Windows that a clock ahead of this database's has proven: their orders stay, their proof does not. It must be taken
-- back before the time comes when it would look like any other.
update ops.ingest_windows set
    state = 'failed',
    error = 'its clock ran ahead: it was begun at ' || started_at || ', which was still to come',
    finished_at = now()
where
    source = %(source)s
    and state = 'proven'
    and started_at > now()
returning window_start, window_end;

-- name: forget_unchanged
-- Delete a tail that changed nothing: neither the watermark nor the count of changes needs it.
delete from ops.ingest_windows
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
    and kind = 'tail'
    and state = 'proven'
    and orders_changed = 0;

-- name: watermark
-- Up to when a source is known whole: the end of the unbroken run of proven, scheduled windows that begins at start_at.
with proven as (
    select
        window_start,
        window_end,
        greatest(
            %(start_at)s::timestamptz,
            max(window_end) over (
                order by window_start, window_end rows between unbounded preceding and 1 preceding
            )
        ) as reached
    from ops.proven_windows
    where source = %(source)s and kind = 'scheduled'
),

first_gap as (
    select min(window_start) as opens_before
    from proven
    where window_start > reached
)

select greatest(%(start_at)s::timestamptz, max(proven.window_end))
from proven
cross join first_gap
where proven.window_start < coalesce(first_gap.opens_before, 'infinity');

-- name: gaps
-- Spans after start_at that no proven window of any kind covers, though a later one is proven.
with proven as (
    select
        window_start,
        greatest(
            %(start_at)s::timestamptz,
            max(window_end) over (
                order by window_start, window_end rows between unbounded preceding and 1 preceding
            )
        ) as reached
    from ops.proven_windows
    where source = %(source)s
)

select reached, window_start
from proven
where window_start > reached
order by reached;

-- name: changes
-- How many order versions the ledgers have seen written to raw, over all sources, and when they began. The count only
-- ever grows; another beginning means another warehouse, whose count cannot be compared.
select
    coalesce(sum(orders_changed), 0)::bigint as n_changes,
    min(began_at) as ledger_began_at
from (
    select
        orders_changed,
        started_at as began_at
    from ops.ingest_windows
    union all
    select
        orders_changed,
        first_seen_at as began_at
    from ops.dropped_files
    where state = 'read'
) as ledgers;
