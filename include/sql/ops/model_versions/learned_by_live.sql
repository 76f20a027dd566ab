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
limit 1
