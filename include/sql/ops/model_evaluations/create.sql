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
