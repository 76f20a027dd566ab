-- name: outbox
-- Events that were sent before, once per group. What was not sent stays: it is waiting, or somebody must look at it.
with gone as (
    delete from events.outbox
    where state = 'sent' and sent_at < %(before)s
    returning to_char(sent_at at time zone 'utc', 'yyyy-mm-dd') as sent_on
)

select
    sent_on as run_key,
    count(*) as n_rows
from gone
group by sent_on
order by sent_on;

-- name: has_serving
-- By the last of these tables to be created: one that is not yet migrated is left alone.
select to_regclass('serving.churn_predictions') is not null as has_serving;

-- name: received_events
-- What became of events that were received before, and who had logged in to their sessions.
with gone_sessions as (
    delete from serving.sessions
    where received_at < %(before)s
),

gone as (
    delete from serving.received_events
    where received_at < %(before)s
    returning to_char(received_at at time zone 'utc', 'yyyy-mm-dd') as received_on
)

select
    received_on as run_key,
    count(*) as n_rows
from gone
group by received_on
order by received_on;

-- name: interactions
-- Interactions that were received before, and are as old as archived orders may be.
with gone as (
    delete from serving.interactions
    where received_at < %(archived_before)s
    returning to_char(received_at at time zone 'utc', 'yyyy-mm-dd') as received_on
)

select
    received_on as run_key,
    count(*) as n_rows
from gone
group by received_on
order by received_on;

-- name: impressions
-- Impressions that were received before.
with gone as (
    delete from serving.impressions
    where received_at < %(before)s
    returning to_char(received_at at time zone 'utc', 'yyyy-mm-dd') as received_on
)

select
    received_on as run_key,
    count(*) as n_rows
from gone
group by received_on
order by received_on;

-- name: exposures
-- Exposures as old as archived orders may be: experiments that ended before have been decided.
with gone as (
    delete from serving.exposures
    where exposed_at < %(archived_before)s
    returning to_char(exposed_at at time zone 'utc', 'yyyy-mm-dd') as exposed_on
)

select
    exposed_on as run_key,
    count(*) as n_rows
from gone
group by exposed_on
order by exposed_on;

-- name: shop_requests
-- Requests of the shop page that were accepted before.
with gone as (
    delete from serving.shop_requests
    where accepted_at < %(before)s
    returning to_char(accepted_at at time zone 'utc', 'yyyy-mm-dd') as accepted_on
)

select
    accepted_on as run_key,
    count(*) as n_rows
from gone
group by accepted_on
order by accepted_on;

-- name: recommended_items
-- What was recommended before, the lists that it was taken from, and counters of calls that have ended.
with gone_lists as (
    delete from serving.recommendation_lists
    where computed_at < %(before)s
),

gone_counters as (
    delete from serving.rate_limits
    where expires_at < %(orphaned_before)s
),

gone as (
    delete from serving.recommended_items
    where recommended_at < %(before)s
    returning to_char(recommended_at at time zone 'utc', 'yyyy-mm-dd') as recommended_on
)

select
    recommended_on as run_key,
    count(*) as n_rows
from gone
group by recommended_on
order by recommended_on;

-- name: churn_predictions
-- Predictions of before, but for the newest of each user.
with gone as (
    delete from serving.churn_predictions as old
    where
        old.prediction_date < %(before)s
        and exists (
            select from serving.churn_predictions as newer
            where newer.user_id = old.user_id and newer.prediction_date > old.prediction_date
        )
    returning to_char(old.prediction_date at time zone 'utc', 'yyyy-mm-dd') as predicted_on
)

select
    predicted_on as run_key,
    count(*) as n_rows
from gone
group by predicted_on
order by predicted_on;

-- name: rejected_records
-- Rejected records of generations that were staged and never published. A run that is still staging is younger.
with gone as (
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
                and receipts.finished_at < %(orphaned_before)s
        )
    returning generation
)

select
    generation as run_key,
    count(*) as n_rows
from gone
group by generation
order by generation;

-- name: quality_results
-- Results of before, but for the newest of each check.
with gone as (
    delete from ops.quality_results as old
    where
        old.checked_at < %(before)s
        and exists (
            select from ops.quality_results as newer
            where
                newer.suite = old.suite and newer.check_id = old.check_id and newer.checked_at > old.checked_at
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: volumes
-- Measurements of before, but for the newest good one of each measure.
with gone as (
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
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: refusals
-- Counts of refusals of before.
with gone as (
    delete from ops.refusals
    where counted_at < %(before)s
    returning run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: exports
-- Exports of before, but for the newest of each dataset and those of the newest imports.
with newest_jobs as (
    select distinct on (purpose) run_key
    from ops.jobs
    order by purpose asc, started_at desc
),

gone as (
    delete from ops.exports as old
    where
        old.exported_at < %(before)s
        and old.run_key not in (select newest_jobs.run_key from newest_jobs)
        and exists (
            select from ops.exports as newer
            where newer.dataset = old.dataset and newer.exported_at > old.exported_at
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: jobs
-- Jobs of before, but for the newest of each purpose, which is what holds now.
with gone as (
    delete from ops.jobs as old
    where
        old.started_at < %(before)s
        and exists (
            select from ops.jobs as newer
            where newer.purpose = old.purpose and newer.started_at > old.started_at
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: churn_models
-- Models of churn that were trained as long ago as archived orders may be, and neither predict nor can again.
with gone as (
    delete from ops.churn_models
    where trained_at < %(archived_before)s and state in ('rejected', 'retired')
    returning run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: ingest_days
-- Days that were compared with the API before, but for what the API said last of each, and the newest look at each
-- source: by these the next look knows when it is due and what has changed.
with newest as (
    select
        source,
        max(checked_at) as checked_at
    from ops.ingest_days
    group by source
),

gone as (
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
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: generations
-- Generations of before that can neither be served nor come back.
with gone as (
    delete from {cache}.generations
    where state = 'retired' and published_at < %(before)s
    returning generation
)

select
    generation as run_key,
    count(*) as n_rows
from gone
group by generation
order by generation;

-- name: receipts
-- Receipts of before, but for the newest of each piece of work and those of generations that can be served.
with gone as (
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
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key;

-- name: run_keys_in_use
-- Run keys whose files something still stands on: the newest job of each purpose, the newest export of each dataset,
-- the generations that are live or can come back, the runs whose answers these were made of, and models of churn.
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
-- Archived pages that hold the only whole copy of an order that could not be mapped.
select distinct archive_key
from raw.company__rejects;

-- name: vacuum
-- The tables that maintain deletes from, and those that the pipeline rewrites in part.
vacuum (analyze, skip_locked) ops.receipts, ops.quality_results, ops.jobs, ops.exports, ops.ingest_windows,
raw.company__orders, raw.company__order_items, raw.company__rejects, identity.customers;

-- name: vacuum_cache
-- What maintain deletes from in one group's cache.
vacuum (analyze, skip_locked) {cache}.generations, {cache}.rejected_records;
