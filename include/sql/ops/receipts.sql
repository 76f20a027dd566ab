-- name: create
-- One row per finished piece of work: what each leg did, in rows and seconds.
create table if not exists ops.receipts (
    run_key text not null,
    leg text not null,
    subject text not null,
    rows_in bigint,
    rows_out bigint,
    bytes bigint,
    seconds double precision not null,
    details jsonb not null default '{}',
    finished_at timestamptz not null default now(),
    primary key (run_key, leg, subject)
);

-- name: insert
insert into ops.receipts (run_key, leg, subject, rows_in, rows_out, bytes, seconds, details)
values (%(run_key)s, %(leg)s, %(subject)s, %(rows_in)s, %(rows_out)s, %(bytes)s, %(seconds)s, %(details)s)
on conflict (run_key, leg, subject) do update set
    rows_in = excluded.rows_in,
    rows_out = excluded.rows_out,
    bytes = excluded.bytes,
    seconds = excluded.seconds,
    details = excluded.details,
    finished_at = now();

-- name: of_run
-- Everything that was done under one run key, in the order in which it ended.
select
    leg,
    subject,
    rows_in,
    rows_out,
    bytes,
    seconds,
    details,
    finished_at
from ops.receipts
where run_key = %(key)s
order by finished_at asc, leg asc, subject asc
limit 200;
