-- One row per trained version of a solution whose answers are published, and where it stands in its life.
-- learned_until and n_interactions: the newest interaction and their number when it was trained.
create table if not exists ops.model_versions (
    solution text not null,
    solution_version_arn text primary key,
    run_key text not null,
    state text not null check (state in ('candidate', 'waiting', 'live', 'previous', 'rejected', 'retired')),
    trained_at timestamptz not null default now(),
    decided_at timestamptz,
    decided_by text,
    reason text,
    learned_until timestamptz,
    n_interactions bigint
);

create unique index if not exists model_versions_one_live on ops.model_versions (solution) where state = 'live';
create unique index if not exists model_versions_one_previous on ops.model_versions (solution)
where state = 'previous';
