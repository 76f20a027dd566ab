-- name: create
-- One row per job that was started, by what went into it: same purpose, model, data and input mean the same job.
create table if not exists ops.jobs (
    purpose text not null,
    fingerprint text not null,
    arn text not null,
    run_key text not null,
    output_uri text,
    started_at timestamptz not null default now(),
    primary key (purpose, fingerprint)
);

-- name: upsert
-- A job becomes the newest of its purpose when it is recorded; one that was only used again stays as it is.
insert into ops.jobs (purpose, fingerprint, arn, run_key, output_uri)
values (%(purpose)s, %(fingerprint)s, %(arn)s, %(run_key)s, %(output_uri)s)
on conflict (purpose, fingerprint) do update set
    arn = excluded.arn,
    run_key = excluded.run_key,
    output_uri = excluded.output_uri,
    started_at = clock_timestamp()
where jobs.arn <> excluded.arn;

-- name: newest
select
    fingerprint,
    arn,
    run_key,
    output_uri
from ops.jobs
where purpose = %(purpose)s
order by started_at desc
limit 1;
