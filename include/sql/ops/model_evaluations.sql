-- name: create
-- One row per metric of a candidate, and of each of those it was measured against, on the hold-out given with it.
-- Where candidate and live have one recipe, the live version's row is of the live version's own hold-out.
create table if not exists ops.model_evaluations (
    solution_version_arn text not null,
    subject text not null check (subject in ('candidate', 'popularity', 'live')),
    metric text not null,
    value double precision not null,
    hold_out_from timestamptz not null,
    hold_out_until timestamptz not null,
    n_users integer not null,
    evaluated_at timestamptz not null default now(),
    primary key (solution_version_arn, subject, metric)
);

-- name: upsert
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
    evaluated_at = now();

-- name: of_version
select
    subject,
    metric,
    value,
    hold_out_from,
    hold_out_until,
    n_users
from ops.model_evaluations
where solution_version_arn = %(solution_version_arn)s;
