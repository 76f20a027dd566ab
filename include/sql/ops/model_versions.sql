-- name: create
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

-- name: lock
-- One change of a solution's live version at a time.
select pg_advisory_xact_lock(hashtext('ops.model_versions'), hashtext(%(solution)s));

-- name: register
-- A version that is known already stays as it stands.
insert into ops.model_versions (solution, solution_version_arn, run_key, state, learned_until, n_interactions)
select
    %(solution)s,
    %(solution_version_arn)s,
    %(run_key)s,
    'candidate',
    to_timestamp(max(interactions.timestamp)),
    count(*)
from {interactions} as interactions
on conflict (solution_version_arn) do nothing;

-- name: move
-- From one state to another without a new decision: what was decided of the version still holds.
update ops.model_versions set state = %(to_state)s
where
    solution = %(solution)s
    and state = %(from_state)s;

-- name: decide
update ops.model_versions set
    state = %(state)s,
    decided_at = now(),
    decided_by = %(decided_by)s,
    reason = %(reason)s
where solution_version_arn = %(solution_version_arn)s;

-- name: in_state
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
limit 1;

-- name: state_of
select
    solution,
    solution_version_arn,
    state,
    reason
from ops.model_versions
where solution_version_arn = %(solution_version_arn)s;

-- name: last_training
-- When a version of these solutions was last trained, or `retrain` last started a training; null if never.
select greatest(
    (
        select max(model_versions.trained_at)
        from ops.model_versions as model_versions
        where model_versions.solution = any(%(solutions)s)
    ),
    (
        select max(receipts.finished_at)
        from ops.receipts as receipts
        where
            receipts.stage = 'retrain'
            and receipts.subject = %(retrain)s
    )
) as trained_at;

-- name: learned_by_live
-- What the live versions of these solutions learned from, the one that is furthest behind first.
select
    model_versions.learned_until,
    model_versions.n_interactions
from ops.model_versions as model_versions
where
    model_versions.state = 'live'
    and model_versions.solution = any(%(solutions)s)
    and model_versions.learned_until is not null
order by model_versions.learned_until asc
limit 1;
