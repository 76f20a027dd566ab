-- name: span
-- One row per cache: for how many of the newest days it has been there, so that campaigns would have stood in for it.
select
    schema_name,
    extract(epoch from now() - greatest(min(published_at), now() - make_interval(days => %(n_days)s))) / 86400.0 as days
from cache.all_generations()
group by schema_name
order by schema_name;

-- name: usage
-- One row per job of the newest days that Personalize charges for, with what it used of it; null: nobody recorded it.
with

recent as (

    select
        run_key,
        stage,
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
    where imported.stage = 'export' and exported.stage = 'export'

    union all

    select
        finished_at,
        'ingestion' as kind,
        subject,
        run_key,
        bytes::double precision as quantity,
        false as was_skipped
    from recent
    where stage = 'evaluate' and details ? 'import_job'

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
        (stage = 'train' and details ? 'solution_version')
        or (stage = 'evaluate' and details ? 'training_hours')  -- a canary's receipt names a version too

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
    where stage in ('recommend', 'evaluate') and details ? 'job'

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
order by finished_at desc, kind asc, subject asc;

-- name: events
-- One row per day and group: how many events were streamed to it.
select
    sent_at::date as day,
    dataset_group,
    count(*) as n_events
from events.outbox
where state = 'sent' and sent_at >= now() - make_interval(days => %(n_days)s)
group by sent_at::date, dataset_group
order by day, dataset_group;

-- name: canaries
-- One row: how many canaries were tried out in the newest days. How long each of them stood is not recorded.
select count(*) as n_canaries
from ops.receipts
where
    stage = 'evaluate'
    and details ? 'n_questions'
    and finished_at >= now() - make_interval(days => %(n_days)s);
