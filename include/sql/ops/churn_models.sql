-- name: create
-- One row per trained model of churn, by the run that trained it, and where it stands in its life. The figures are of
-- its twin, which was trained one horizon earlier and measured on the customers of measured_on, beside the model that
-- knows the days since the last purchase alone. bins: tenths of these customers by risk, for the calibration plot.
create table if not exists ops.churn_models (
    run_key text primary key,
    state text not null check (state in ('live', 'previous', 'rejected', 'retired')),
    reason text not null,
    trained_at timestamptz not null default now(),
    uri text not null,
    sha256 text not null,
    horizon_days integer not null,
    first_date date not null,
    last_date date not null,
    n_examples integer not null,
    measured_on date not null,
    n_customers integer not null,
    churned_share double precision not null,
    auc double precision not null,
    brier double precision not null,
    calibration_error double precision not null,
    recency_auc double precision not null,
    recency_brier double precision not null,
    bins jsonb not null
);

create unique index if not exists churn_models_one_live on ops.churn_models (state) where state = 'live';
create unique index if not exists churn_models_one_previous on ops.churn_models (state) where state = 'previous';

-- name: lock
-- One change of the live model at a time.
select pg_advisory_xact_lock(hashtext('ops.churn_models'));

-- name: state_of
select state
from ops.churn_models
where run_key = %(run_key)s;

-- name: move
update ops.churn_models set state = %(to_state)s
where state = %(from_state)s;

-- name: register
insert into ops.churn_models (
    run_key, state, reason, uri, sha256, horizon_days, first_date, last_date, n_examples, measured_on, n_customers,
    churned_share, auc, brier, calibration_error, recency_auc, recency_brier, bins
)
values (
    %(run_key)s, %(state)s, %(reason)s, %(uri)s, %(sha256)s, %(horizon_days)s, %(first_date)s, %(last_date)s,
    %(n_examples)s, %(measured_on)s, %(n_customers)s, %(churned_share)s, %(auc)s, %(brier)s, %(calibration_error)s,
    %(recency_auc)s, %(recency_brier)s, %(bins)s
);

-- name: live
select
    run_key,
    uri,
    sha256
from ops.churn_models
where state = 'live';

-- name: newest_rejected
-- Why the newest model may not predict.
select reason
from ops.churn_models
where state = 'rejected'
order by trained_at desc
limit 1;
