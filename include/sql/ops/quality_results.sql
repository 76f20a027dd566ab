-- name: create
-- One row per expectation of a suite and run.
create table if not exists ops.quality_results (
    run_key text not null,
    suite text not null,
    severity text not null check (severity in ('stop', 'note')),
    expectation text not null,
    column_name text,
    has_passed boolean not null,
    observed jsonb,
    n_unexpected bigint,
    checked_at timestamptz not null default now(),
    check_id text not null,
    primary key (run_key, suite, check_id)
);
select ops.rename_column('ops.quality_results', 'is_met', 'has_passed');

-- name: take_turns
-- Lock the results of a run key until the end of the transaction: exports of several groups share one.
select pg_advisory_xact_lock(hashtext('aisle: quality of ' || %(run_key)s));

-- name: delete
-- Delete what an earlier attempt of the same run wrote for a suite.
delete from ops.quality_results
where run_key = %(run_key)s and suite = %(suite)s;

-- name: insert
insert into ops.quality_results (
    run_key, suite, severity, check_id, expectation, column_name, has_passed, observed, n_unexpected
)
values (
    %(run_key)s,
    %(suite)s,
    %(severity)s,
    %(check_id)s,
    %(expectation)s,
    %(column_name)s,
    %(has_passed)s,
    %(observed)s,
    %(n_unexpected)s
);

-- name: newest_runs
-- One row per suite and run, for the newest runs of each suite, newest first.
with

runs as (

    select
        suite,
        run_key,
        count(*) as n_checks,
        count(*) filter (where has_passed) as n_passed,
        max(checked_at) as checked_at
    from ops.quality_results
    group by suite, run_key

),

ranked as (

    select
        suite,
        run_key,
        n_checks,
        n_passed,
        checked_at,
        row_number() over (partition by suite order by checked_at desc, run_key desc) as newness
    from runs

)

select
    suite,
    run_key,
    n_checks,
    n_passed,
    checked_at
from ranked
where newness <= %(n_runs)s
order by suite, newness;

-- name: table_exists
-- Whether a table or view of this name (schema.name) is there.
select to_regclass(%(table)s) is not null;
