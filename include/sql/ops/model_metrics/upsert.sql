insert into ops.model_metrics (solution, solution_version_arn, metric, value)
values (%(solution)s, %(solution_version_arn)s, %(metric)s, %(value)s)
on conflict (solution_version_arn, metric) do update set
    value = excluded.value,
    measured_at = now()
