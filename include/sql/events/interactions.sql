-- name: recent_sessions
-- Sessions with rows of a table that came within the last hour and have no user yet. Serving joins what it has just
-- stored; this is for what was stored at the same moment as the log-in.
select recent.session_id
from serving.{table} as recent
where recent.user_id is null and recent.received_at > now() - interval '1 hour';

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

checked as (
    select
        exported.*,
        null::text as order_id,
        events.why_unsendable(
            exported.user_id,
            exported.session_id,
            exported.event_type,
            exported.item_id,
            exported.event_value,
            exported.occurred_at
        ) as fault
    from exported
),

queued as (
    {insert}
)

select
    (select count(*) from taken) as n_seen,
    (select count(*) from exported) as n_events;
