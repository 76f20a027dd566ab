-- At most one row for live and for previous; of the other states the version that was trained last.
select
    solution,
    solution_version_arn,
    state,
    reason
from ops.model_versions
where
    solution = %(solution)s
    and state = %(state)s
order by trained_at desc
limit 1
