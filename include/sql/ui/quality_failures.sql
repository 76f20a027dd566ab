-- Every expectation that the newest run of its suite did not meet, the stopping ones first.
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
where not quality_results.is_met
order by quality_results.severity desc, quality_results.suite asc, quality_results.check_id asc
limit 100
