-- name: failures
-- Every expectation that failed in the newest run of its suite, those that stop first.
with newest as (
    select distinct on (suite)
        suite,
        run_key
    from ops.quality_results
    order by suite asc, checked_at desc, run_key desc
)

select
    quality_results.suite,
    quality_results.run_key,
    quality_results.severity,
    quality_results.check_id,
    quality_results.expectation,
    quality_results.column_name,
    quality_results.observed,
    quality_results.n_unexpected,
    quality_results.checked_at
from ops.quality_results
inner join newest on quality_results.suite = newest.suite and quality_results.run_key = newest.run_key
where not quality_results.has_passed
order by quality_results.severity desc, quality_results.suite asc, quality_results.check_id asc
limit 100;

-- name: volumes
-- The newest measurements of each boundary, newest first within a measure.
with ranked as (
    select
        boundary,
        dataset_group,
        measure,
        run_key,
        value,
        last_good_value,
        last_good_run_key,
        outcome,
        is_accepted,
        measured_at,
        row_number() over (
            partition by boundary, dataset_group, measure
            order by measured_at desc, run_key desc
        ) as age
    from ops.volumes
)

select *
from ranked
where age <= %(n_runs)s
order by boundary, dataset_group, measure, age;

-- name: refusals
-- What the newest run of the raw gate has counted as refused, the largest shares first.
select
    source,
    reason,
    n_orders,
    n_order_items,
    share,
    outcome,
    run_key,
    counted_at
from ops.refusals
where
    run_key = (
        select volumes.run_key
        from ops.volumes
        where volumes.boundary = 'raw' and not volumes.is_accepted
        order by volumes.measured_at desc, volumes.run_key desc
        limit 1
    )
order by source, reason <> 'any reason', share desc, reason;

-- name: status_words
-- The status words that nobody has mapped and that keep orders out, the newest first.
select
    source,
    word,
    n_orders,
    first_seen_at
from ops.status_words
where n_orders > 0
order by first_seen_at desc, source asc, word asc;
