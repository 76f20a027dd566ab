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
order by model_metrics.solution, newest.newness, model_metrics.metric
