-- name: create
-- One row per customer: the risks of the newest scoring, on their way through the gate to serving.churn_predictions.
create table if not exists ops.churn_scores (
    user_id text primary key,
    churn_risk double precision not null,
    features jsonb not null,
    reasons jsonb not null,
    run_key text not null,
    model_version text not null,
    as_of_date date not null
);

-- name: clear
truncate ops.churn_scores;

-- name: copy
copy ops.churn_scores (user_id, churn_risk, features, reasons, run_key, model_version, as_of_date) from stdin;

-- name: publish
-- The scores of a run as predictions; a repeated run replaces its own. An erased customer was taken out of both.
insert into serving.churn_predictions (user_id, prediction_date, churn_risk, features, reasons, model_version)
select
    user_id,
    %(predicted_at)s,
    churn_risk,
    features,
    reasons,
    model_version
from ops.churn_scores
where run_key = %(run_key)s
on conflict (user_id, prediction_date) do update set
    churn_risk = excluded.churn_risk,
    features = excluded.features,
    reasons = excluded.reasons,
    model_version = excluded.model_version;
