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
order by solution_version_arn, metric, subject
