-- The ledger: one row per fetched window of a source and run. The watermark is read off it, and kept nowhere else.
create table if not exists ops.ingest_windows (
    source text not null,
    window_start timestamptz not null,
    window_end timestamptz not null,
    run_key text not null,
    kind text not null check (kind in ('scheduled', 'backfill', 'tail')),
    state text not null check (state in ('running', 'proven', 'failed')),
    pages integer not null default 0,
    orders integer not null default 0,
    orders_changed integer not null default 0,
    order_lines integer not null default 0,
    merged_lines integer not null default 0,
    rejected_lines integer not null default 0,
    error text,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    primary key (source, window_start, window_end, run_key),
    check (window_start < window_end)
);

-- A warehouse that is older than tails learns of them here.
alter table ops.ingest_windows drop constraint if exists ingest_windows_kind_check;
alter table ops.ingest_windows add constraint ingest_windows_kind_check
check (kind in ('scheduled', 'backfill', 'tail'));

-- The advisory lock of one window of a source.
create or replace function ops.window_lock(source text, window_start timestamptz, window_end timestamptz)
returns bigint stable language sql
return hashtextextended(
    concat_ws(' ', 'aisle window', source, window_start at time zone 'utc', window_end at time zone 'utc'), 0
);
