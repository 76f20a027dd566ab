-- The newest versions of each solution, newest first.
with ranked as (
    select
        solution,
        solution_version_arn,
        run_key,
        state,
        trained_at,
        decided_at,
        decided_by,
        reason,
        row_number() over (
            partition by solution
            order by trained_at desc nulls last, decided_at desc nulls last, solution_version_arn desc
        ) as newness
    from ops.model_versions
)

select
    solution,
    solution_version_arn,
    run_key,
    state,
    trained_at,
    decided_at,
    decided_by,
    reason
from ranked
where newness <= %(n_versions)s
order by solution, newness
