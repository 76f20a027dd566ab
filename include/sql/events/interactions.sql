-- name: join_sessions
-- What somebody did before they logged in is theirs. Serving joins the events of a session that it has just stored;
-- what was stored at the same moment as the log-in is joined here.
with owners as (
    select
        events.event_id,
        (
            select sessions.user_id
            from serving.sessions
            where sessions.session_id = events.session_id and sessions.first_seen_at >= events.occurred_at
            order by sessions.first_seen_at, sessions.user_id
            limit 1
        ) as user_id
    from serving.interactions as events
    where events.user_id is null and events.received_at > now() - interval '1 hour'
)

update serving.interactions set user_id = owners.user_id
from owners
where interactions.event_id = owners.event_id and owners.user_id is not null;

-- name: join_sessions_of_impressions
-- The same of what somebody was shown.
with owners as (
    select
        events.event_id,
        (
            select sessions.user_id
            from serving.sessions
            where sessions.session_id = events.session_id and sessions.first_seen_at >= events.occurred_at
            order by sessions.first_seen_at, sessions.user_id
            limit 1
        ) as user_id
    from serving.impressions as events
    where events.user_id is null and events.received_at > now() - interval '1 hour'
)

update serving.impressions set user_id = owners.user_id
from owners
where impressions.event_id = owners.event_id and owners.user_id is not null;

-- name: queue
-- In every column as in the mart personalize.interactions, so that an event and its row of an export count once.
-- What users did becomes events for every group, once: queued_at says of each interaction that this was done. Only
-- types that are exported, and nothing that a user does not want. The list that was shown before, in the same session
-- and with this item on it, goes along as the impression. What an erasure is just deleting is left to it.
with seen as (
    select event_id
    from serving.interactions
    where queued_at is null and user_id is not null
    order by received_at
    limit %(n_events)s
    for update skip locked
),

taken as (
    update serving.interactions set queued_at = now()
    from seen
    where interactions.event_id = seen.event_id
    returning interactions.*
),

exported as (
    select
        taken.event_id,
        taken.user_id,
        taken.session_id,
        types.exported_as as event_type,
        taken.item_id,
        coalesce(taken.event_value, taken.weight, 1)::real as event_value,
        taken.occurred_at,
        taken.source,
        (
            select impressions.item_ids
            from serving.impressions
            where
                impressions.session_id = taken.session_id
                and taken.item_id = any(impressions.item_ids)
                and impressions.occurred_at between taken.occurred_at - interval '1 day' and taken.occurred_at
            order by impressions.occurred_at desc
            limit 1
        ) as impression
    from taken
    inner join unnest(%(event_types)s::text[], %(exported_as)s::text[]) as types (event_type, exported_as)
        on taken.event_type = types.event_type
    where coalesce(taken.weight, 1) > 0
),

queued as (
    insert into events.outbox (
        event_id,
        dataset_group,
        user_id,
        session_id,
        event_type,
        item_id,
        event_value,
        occurred_at,
        source,
        impression,
        state,
        last_error
    )
    select
        checked.event_id,
        receivers.dataset_group,
        checked.user_id,
        checked.session_id,
        checked.event_type,
        checked.item_id,
        checked.event_value,
        checked.occurred_at,
        checked.source,
        checked.impression,
        case when checked.fault is null then receivers.state else 'dead' end as state,
        checked.fault as last_error
    from (
        select
            exported.*,
            events.why_unsendable(
                exported.user_id,
                exported.session_id,
                exported.event_type,
                exported.item_id,
                exported.event_value,
                exported.occurred_at
            ) as fault
        from exported
    ) as checked
    cross join unnest(%(dataset_groups)s::text[], %(states)s::text[]) as receivers (dataset_group, state)
    on conflict (event_id, dataset_group) do nothing
)

select
    (select count(*) from taken) as n_seen,
    (select count(*) from exported) as n_events;
