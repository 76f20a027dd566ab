-- One row per metric of the newest version of each solution.
with newest as (
    select distinct on (solution)
        solution,
        solution_version_arn
    from ops.model_metrics
    order by solution asc, measured_at desc
)

select
    model_metrics.solution,
    model_metrics.metric,
    model_metrics.value
from ops.model_metrics
inner join newest on model_metrics.solution_version_arn = newest.solution_version_arn
order by model_metrics.solution, model_metrics.metric
