-- One row per suite, newest run: how many of its expectations were met.
with newest as (
    select distinct on (suite)
        suite,
        run_key
    from ops.quality_results
    order by suite asc, checked_at desc
)

select
    quality_results.suite,
    quality_results.severity,
    count(*) as expectations,
    count(*) filter (where quality_results.is_met) as met
from ops.quality_results
inner join newest
    on
        quality_results.suite = newest.suite
        and quality_results.run_key = newest.run_key
group by quality_results.suite, quality_results.severity
order by quality_results.suite
