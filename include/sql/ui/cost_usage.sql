-- One row per job of the newest days that Personalize charges for, with what it used of it; null: nobody recorded it.
with

recent as (

    select
        run_key,
        leg,
        subject,
        rows_in,
        bytes,
        details,
        finished_at
    from ops.receipts
    where finished_at >= now() - make_interval(days => %(n_days)s)

),

imports as (

    select
        imported.finished_at,
        'ingestion' as kind,
        exported.subject,
        imported.run_key,
        exported.bytes::double precision as quantity,
        coalesce((imported.details ->> 'reused')::boolean, false) as was_skipped
    from recent as imported
    inner join recent as exported
        on imported.run_key = exported.run_key and imported.subject = exported.subject || '-import'
    where imported.leg = 'export' and exported.leg = 'export'

    union all

    select
        finished_at,
        'ingestion' as kind,
        subject,
        run_key,
        bytes::double precision as quantity,
        false as was_skipped
    from recent
    where leg = 'evaluate' and details ? 'import_job'

),

trainings as (

    select
        finished_at,
        'training' as kind,
        subject,
        run_key,
        (details ->> 'training_hours')::double precision as quantity,
        coalesce((details ->> 'reused')::boolean, false) as was_skipped
    from recent
    where
        (leg = 'train' and details ? 'solution_version')
        or (leg = 'evaluate' and details ? 'training_hours')  -- a canary's receipt names a version too

),

answers as (

    select
        finished_at,
        'batch' as kind,
        subject,
        run_key,
        rows_in::double precision as quantity,
        coalesce((details ->> 'reused')::boolean, false) as was_skipped
    from recent
    where leg in ('recommend', 'evaluate') and details ? 'job'

),

jobs as (

    select * from imports
    union all
    select * from trainings
    union all
    select * from answers

)

select
    finished_at::date as day,
    kind,
    subject,
    run_key,
    quantity,
    was_skipped
from jobs
order by finished_at desc, kind asc, subject asc
