-- name: create
-- One row per finished piece of work: what each stage did, in rows and seconds.
create table if not exists ops.receipts (
    run_key text not null,
    stage text not null,
    subject text not null,
    rows_in bigint,
    rows_out bigint,
    bytes bigint,
    seconds double precision not null,
    details jsonb not null default '{}',
    finished_at timestamptz not null default now(),
    primary key (run_key, stage, subject)
);
select ops.rename_column('ops.receipts', 'leg', 'stage');

-- An earlier version called the DAG `retrain` by the name of the work that `train` does: `evaluate`.
update ops.receipts set stage = 'retrain'
where
    stage = 'evaluate'
    and split_part(subject, '/', -1) in ('drift', 'retrain')
    and not exists (
        select from ops.receipts as migrated
        where
            migrated.run_key = receipts.run_key
            and migrated.stage = 'retrain'
            and migrated.subject = receipts.subject
    );

-- What an earlier version called the decision on new versions.
update ops.receipts set subject = regexp_replace(subject, 'judge$', 'decide')
where
    stage = 'evaluate'
    and split_part(subject, '/', -1) = 'judge'
    and not exists (
        select from ops.receipts as migrated
        where
            migrated.run_key = receipts.run_key
            and migrated.stage = 'evaluate'
            and migrated.subject = regexp_replace(receipts.subject, 'judge$', 'decide')
    );

-- name: insert
insert into ops.receipts (run_key, stage, subject, rows_in, rows_out, bytes, seconds, details)
values (%(run_key)s, %(stage)s, %(subject)s, %(rows_in)s, %(rows_out)s, %(bytes)s, %(seconds)s, %(details)s)
on conflict (run_key, stage, subject) do update set
    rows_in = excluded.rows_in,
    rows_out = excluded.rows_out,
    bytes = excluded.bytes,
    seconds = excluded.seconds,
    details = excluded.details,
    finished_at = now();

-- name: of_run
-- Everything that was done under one run key, in the order in which it ended.
select
    stage,
    subject,
    rows_in,
    rows_out,
    bytes,
    seconds,
    details,
    finished_at
from ops.receipts
where run_key = %(key)s
order by finished_at asc, stage asc, subject asc
limit 200;
