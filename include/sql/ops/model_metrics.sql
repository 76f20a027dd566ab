-- name: create
-- One row per metric of a solution version, as GetSolutionMetrics gave it.
create table if not exists ops.model_metrics (
    solution text not null,
    solution_version_arn text not null,
    metric text not null,
    value double precision not null,
    measured_at timestamptz not null default now(),
    primary key (solution_version_arn, metric)
);

-- name: upsert
insert into ops.model_metrics (solution, solution_version_arn, metric, value)
values (%(solution)s, %(solution_version_arn)s, %(metric)s, %(value)s)
on conflict (solution_version_arn, metric) do update set
    value = excluded.value,
    measured_at = now();
