-- name: count
-- Run a deletion and count its rows by run key, or by day (UTC) for rows that belong to no run.
with gone (run_key) as (
    {deletion}
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: aged
-- Delete the rows of a table from before the cut-off.
delete from {table}
where {aged_at} < %(before)s
returning to_char({aged_at} at time zone 'utc', 'yyyy-mm-dd') as run_key;

-- name: outbox
-- Delete events that were sent before the cut-off. Unsent events stay: they wait, or need a person.
delete from events.outbox
where state = 'sent' and sent_at < %(before)s
returning to_char(sent_at at time zone 'utc', 'yyyy-mm-dd') as run_key;

-- name: has_serving
-- Return whether schema serving is there: checked by its table that is created last.
select to_regclass('serving.churn_predictions') is not null as has_serving;

-- name: churn_predictions
-- Delete predictions from before the cut-off, except the newest of each user.
delete from serving.churn_predictions as old
where
    old.prediction_date < %(before)s
    and exists (
        select from serving.churn_predictions as newer
        where newer.user_id = old.user_id and newer.prediction_date > old.prediction_date
    )
returning to_char(old.prediction_date at time zone 'utc', 'yyyy-mm-dd') as run_key;

-- name: rejected_records
-- Delete rejected records of generations that were staged before the cut-off and never published.
delete from {cache}.rejected_records
where
    not exists (
        select from {cache}.generations
        where generations.generation = rejected_records.generation and generations.state in ('live', 'previous')
    )
    and exists (
        select from ops.receipts
        where
            receipts.run_key = rejected_records.generation
            and receipts.stage = 'publish'
            and receipts.finished_at < %(before)s
    )
returning generation as run_key;

-- name: quality_results
-- Delete results from before the cut-off, except the newest of each check.
delete from ops.quality_results as old
where
    old.checked_at < %(before)s
    and exists (
        select from ops.quality_results as newer
        where
            newer.suite = old.suite and newer.check_id = old.check_id and newer.checked_at > old.checked_at
    )
returning old.run_key;

-- name: volumes
-- Delete measurements from before the cut-off, except the newest good one of each measure.
delete from ops.volumes as old
where
    old.measured_at < %(before)s
    and exists (
        select from ops.volumes as newer
        where
            newer.boundary = old.boundary
            and newer.dataset_group = old.dataset_group
            and newer.measure = old.measure
            and newer.is_good
            and newer.measured_at > old.measured_at
    )
returning old.run_key;

-- name: exports
-- Delete exports from before the cut-off, except the newest of each dataset and those of the newest imports.
with newest_jobs as (
    select distinct on (purpose) run_key
    from ops.jobs
    order by purpose asc, started_at desc
)

delete from ops.exports as old
where
    old.exported_at < %(before)s
    and old.run_key not in (select newest_jobs.run_key from newest_jobs)
    and exists (
        select from ops.exports as newer
        where newer.dataset = old.dataset and newer.exported_at > old.exported_at
    )
returning old.run_key;

-- name: jobs
-- Delete jobs from before the cut-off, except the newest of each purpose, which is the one in use.
delete from ops.jobs as old
where
    old.started_at < %(before)s
    and exists (
        select from ops.jobs as newer
        where newer.purpose = old.purpose and newer.started_at > old.started_at
    )
returning old.run_key;

-- name: churn_models
-- Delete models of churn trained before the cut-off that neither predict nor can again.
delete from ops.churn_models
where trained_at < %(before)s and state in ('rejected', 'retired')
returning run_key;

-- name: ingest_days
-- Delete rechecked days from before the cut-off, except the newest answer of the API on each day and the newest recheck
-- of each source: the next recheck needs both to know when it is due and what has changed.
with newest as (
    select
        source,
        max(checked_at) as checked_at
    from ops.ingest_days
    group by source
)

delete from ops.ingest_days as old
using newest
where
    old.source = newest.source
    and old.checked_at < least(%(before)s, newest.checked_at)
    and (
        old.n_theirs is null
        or exists (
            select from ops.ingest_days as newer
            where
                newer.source = old.source
                and newer.day = old.day
                and newer.n_theirs is not null
                and newer.checked_at > old.checked_at
        )
    )
returning old.run_key;

-- name: generations
-- Delete generations from before the cut-off that can neither be served nor rolled back to.
delete from {cache}.generations
where state = 'retired' and published_at < %(before)s
returning generation as run_key;

-- name: receipts
-- Delete receipts from before the cut-off, except the newest of each stage and subject and those of generations that
-- are live or previous.
delete from ops.receipts as old
where
    old.finished_at < %(before)s
    and exists (
        select from ops.receipts as newer
        where newer.stage = old.stage and newer.subject = old.subject and newer.finished_at > old.finished_at
    )
    and not exists (
        select from cache.all_generations() as generations
        where generations.generation = old.run_key and generations.state in ('live', 'previous')
    )
returning old.run_key;

-- name: run_keys_in_use
-- Return the run keys whose files are still needed: by the newest job of each purpose, the newest export of each
-- dataset, the live and previous generations, the batch output that these were made from, and models of churn.
with newest_jobs as (
    select distinct on (purpose)
        run_key,
        output_uri
    from ops.jobs
    order by purpose asc, started_at desc
),

newest_exports as (
    select distinct on (dataset) run_key
    from ops.exports
    order by dataset asc, exported_at desc
),

kept_generations as (
    select generation
    from cache.all_generations()
    where state in ('live', 'previous')
),

answers as (
    select output_uri as uri
    from newest_jobs
    union
    select receipts.details ->> 'output' as uri
    from ops.receipts
    inner join kept_generations on receipts.run_key = kept_generations.generation
    where receipts.stage = 'recommend'
)

select run_key
from newest_jobs
union
select run_key
from newest_exports
union
select run_key
from ops.churn_models
where state in ('live', 'previous')
union
select generation as run_key
from kept_generations
union
select substring(uri from '([^/]+)/$') as run_key
from answers
where uri is not null;

-- name: archived_rejects
-- Return the archived pages that hold the only whole copy of a rejected order.
select distinct archive_key
from raw.company__rejects;

-- name: vacuum
-- Vacuum the tables that maintain deletes from and those that the pipeline updates in place.
vacuum (analyze, skip_locked) ops.receipts, ops.quality_results, ops.jobs, ops.exports, ops.ingest_windows,
raw.company__orders, raw.company__order_items, raw.company__rejects, identity.customers;

-- name: vacuum_cache
-- Vacuum the tables that maintain deletes from in one group's cache.
vacuum (analyze, skip_locked) {cache}.generations, {cache}.rejected_records;
