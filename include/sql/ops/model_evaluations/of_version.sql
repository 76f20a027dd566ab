select
    subject,
    metric,
    value,
    hold_out_from,
    hold_out_until,
    n_users
from ops.model_evaluations
where solution_version_arn = %(solution_version_arn)s
