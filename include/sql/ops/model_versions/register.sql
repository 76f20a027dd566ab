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
on conflict (solution_version_arn) do nothing
