-- name: versions
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
order by solution, newness;

-- name: metrics
-- What the service says of the newest versions of each solution, newest first.
with versions as (
    select
        solution,
        solution_version_arn,
        max(measured_at) as measured_at,
        row_number() over (partition by solution order by max(measured_at) desc, solution_version_arn desc) as newness
    from ops.model_metrics
    group by solution, solution_version_arn
),

newest as (
    select
        solution,
        solution_version_arn,
        measured_at,
        newness
    from versions
    where newness <= %(n_versions)s
)

select
    model_metrics.solution,
    model_metrics.solution_version_arn,
    model_metrics.metric,
    model_metrics.value,
    newest.measured_at
from ops.model_metrics
inner join newest using (solution, solution_version_arn)
order by model_metrics.solution, newest.newness, model_metrics.metric;

-- name: evaluations
-- What Aisle measured of the newest versions, on each one's own hold-out.
select
    solution_version_arn,
    subject,
    metric,
    value,
    hold_out_from,
    hold_out_until,
    n_users,
    evaluated_at
from ops.model_evaluations
where solution_version_arn = any(%(arns)s)
order by solution_version_arn, metric, subject;
