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
