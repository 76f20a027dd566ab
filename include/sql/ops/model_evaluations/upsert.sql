insert into ops.model_evaluations (
    solution_version_arn, subject, metric, value, hold_out_from, hold_out_until, n_users
)
values (
    %(solution_version_arn)s, %(subject)s, %(metric)s, %(value)s, %(hold_out_from)s, %(hold_out_until)s, %(n_users)s
)
on conflict (solution_version_arn, subject, metric) do update set
    value = excluded.value,
    hold_out_from = excluded.hold_out_from,
    hold_out_until = excluded.hold_out_until,
    n_users = excluded.n_users,
    evaluated_at = now()
