-- One row per suite and run, for the newest runs of each suite, newest first.
with

runs as (

    select
        suite,
        run_key,
        count(*) as n_checks,
        count(*) filter (where is_met) as n_met,
        max(checked_at) as checked_at
    from ops.quality_results
    group by suite, run_key

),

ranked as (

    select
        suite,
        run_key,
        n_checks,
        n_met,
        checked_at,
        row_number() over (partition by suite order by checked_at desc, run_key desc) as newness
    from runs

)

select
    suite,
    run_key,
    n_checks,
    n_met,
    checked_at
from ranked
where newness <= %(n_runs)s
order by suite, newness
