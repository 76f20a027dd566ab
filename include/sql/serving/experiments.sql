-- name: store_exposures
-- Exposures of users; of two of one arm the first counts. Nothing of a person comes back who was erased since.
with sent as materialized (
    select *
    from jsonb_to_recordset(%(exposures)s::jsonb) as exposure (  -- noqa: AL05
        experiment text,
        arm text,
        user_id text,
        exposed_at timestamptz
    )
),

erasures as materialized (
    select
        user_id,
        erased_at
    from identity.erasures_of(array(select distinct user_id from sent))
)

insert into serving.exposures (experiment, user_id, arm, exposed_at)
select
    sent.experiment,
    sent.user_id,
    sent.arm,
    sent.exposed_at
from sent
left join erasures using (user_id)
where coalesce(erasures.erased_at <= sent.exposed_at, true)
order by sent.experiment, sent.user_id, sent.arm
on conflict do nothing;

-- name: outcomes
-- Users by arm; those with several arms under null. Observed is whose time of observation has ended, and what they did
-- in it counts. A purchase is one that the shop has sent, or that is in an order.
with exposed as materialized (
    select
        user_id,
        min(exposed_at) as exposed_at,
        case when count(*) = 1 then min(arm) end as arm
    from serving.exposures
    where experiment = %(experiment)s and exposed_at < %(moment)s
    group by user_id
),

observed as materialized (
    select
        user_id,
        arm,
        exposed_at,
        exposed_at + %(observation)s as observed_until
    from exposed
    where arm is not null and exposed_at + %(observation)s <= %(moment)s
),

acted as (
    select
        observed.user_id,
        bool_or(interactions.event_type = 'click') as has_clicked,
        bool_or(interactions.event_type = 'purchase') as has_purchased,
        coalesce(bool_or(interactions.weight < 0), false) as has_rejected
    from observed
    inner join serving.interactions
        on
            observed.user_id = interactions.user_id
            and interactions.occurred_at >= observed.exposed_at
            and interactions.occurred_at < observed.observed_until
    group by observed.user_id
),

ordered as (
    select distinct observed.user_id
    from observed
    inner join personalize.interactions
        on
            observed.user_id = interactions.user_id
            and interactions.event_type = 'purchase'
            and interactions.timestamp >= extract(epoch from observed.exposed_at)
            and interactions.timestamp < extract(epoch from observed.observed_until)
)

select
    exposed.arm,
    count(*) as n_exposed,
    count(observed.user_id) as n_observed,
    count(*) filter (where acted.has_clicked) as n_clicked,
    count(*) filter (where acted.has_purchased or ordered.user_id is not null) as n_purchased,
    count(*) filter (where acted.has_rejected) as n_rejected
from exposed
left join observed using (user_id)
left join acted using (user_id)
left join ordered using (user_id)
group by exposed.arm;

-- name: days
-- Users who were first shown an arm, by day.
select
    (exposed_at at time zone 'utc')::date as day,
    arm,
    count(*) as n_users
from serving.exposures
where experiment = %(experiment)s
group by (exposed_at at time zone 'utc')::date, arm
order by day, arm;
