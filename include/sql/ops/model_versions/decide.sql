update ops.model_versions set
    state = %(state)s,
    decided_at = now(),
    decided_by = %(decided_by)s,
    reason = %(reason)s
where solution_version_arn = %(solution_version_arn)s
