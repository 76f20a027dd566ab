select
    solution,
    solution_version_arn,
    state,
    reason
from ops.model_versions
where solution_version_arn = %(solution_version_arn)s
