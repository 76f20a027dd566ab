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
    order_lines integer not null default 0,
    merged_lines integer not null default 0,
    rejected_lines integer not null default 0,
    repeated_orders integer not null default 0,
    vanished_orders integer not null default 0,
    proven_until timestamptz,
    error text,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (source, window_start, window_end, run_key),
    check (window_start < window_end)
);

-- A warehouse that is older than tails, re-checks and the clocks of others learns of them here.
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
