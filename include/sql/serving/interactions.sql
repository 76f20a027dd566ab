-- name: await_erasure
-- An erasure that runs at the same time either sees these events or is seen by them.
select pg_advisory_xact_lock_shared(hashtextextended('aisle serving events', 0));

-- name: store
-- Events as they came, in one statement: what became of each, and those that say something about items. An event that
-- was stored before, whatever request it came with, is stored already. Nothing of an erased person comes back; such
-- events are returned. In order of their ids, so that two requests with the same events do not wait for each other.
with sent as materialized (
    select *
    from jsonb_to_recordset(%(events)s::jsonb) as event (  -- noqa: AL05
        event_id text,
        source text,
        event_type text,
        is_impression boolean,
        reason text,
        user_id text,
        session_id text,
        item_id text,
        item_ids text[],
        item_type text,
        feed_type text,
        event_value double precision,
        weight double precision,
        weights_version text,
        platform text,
        properties jsonb,
        recommendation_id text,
        request_id text,
        occurred_at timestamptz,
        payload jsonb
    )
),

erasures as materialized (
    select
        user_id,
        erased_at
    from identity.erasures_of(array(
        select distinct user_id from sent
        where user_id is not null
    ))
),

given as materialized (
    select
        sent.*,
        coalesce(erasures.erased_at > sent.occurred_at, false) as is_erased
    from sent
    left join erasures using (user_id)
    order by sent.event_id
),

logged as (
    insert into serving.received_events as known (
        event_id,
        source,
        event_type,
        outcome,
        reason,
        user_id,
        payload
    )
    select
        event_id,
        source,
        event_type,
        case when reason is null and not is_erased then 'processed' else 'skipped' end as outcome,
        case when is_erased then 'erased' else reason end as reason,
        case when reason is not null and not is_erased then user_id end as user_id,
        case when not is_erased then payload end as payload
    from given
    on conflict (event_id) do update set
        outcome = excluded.outcome,
        reason = excluded.reason,
        user_id = excluded.user_id,
        payload = excluded.payload
    where known.outcome = 'skipped' and excluded.outcome = 'processed'
),

log_ins as (
    insert into serving.sessions as known (session_id, user_id, first_seen_at)
    select
        session_id,
        user_id,
        min(occurred_at) as first_seen_at
    from given
    where user_id is not null and session_id is not null and not is_erased
    group by session_id, user_id
    order by session_id, user_id
    on conflict (
        session_id, user_id) do update set first_seen_at = excluded.first_seen_at
    where known.first_seen_at > excluded.first_seen_at
),

stored_interactions as (
    insert into serving.interactions (
        event_id,
        source,
        user_id,
        session_id,
        event_type,
        item_id,
        item_type,
        event_value,
        weight,
        weights_version,
        platform,
        properties,
        recommendation_id,
        request_id,
        occurred_at
    )
    select
        event_id,
        source,
        user_id,
        session_id,
        event_type,
        item_id,
        item_type,
        event_value,
        weight,
        weights_version,
        platform,
        coalesce(properties, '{}') as properties,
        recommendation_id,
        request_id,
        occurred_at
    from given
    where reason is null and not is_erased and not is_impression
    on conflict (event_id) do nothing
),

stored_impressions as (
    insert into serving.impressions (
        event_id,
        source,
        user_id,
        session_id,
        event_type,
        feed_type,
        item_ids,
        weight,
        weights_version,
        recommendation_id,
        request_id,
        occurred_at
    )
    select
        event_id,
        source,
        user_id,
        session_id,
        event_type,
        feed_type,
        item_ids,
        weight,
        weights_version,
        recommendation_id,
        request_id,
        occurred_at
    from given
    where reason is null and not is_erased and is_impression
    on conflict (event_id) do nothing
)

select event_id
from given
where is_erased;

-- name: join_sessions
-- What somebody did or was shown before they logged in is theirs: rows of a table without a user, in the given
-- sessions, become the user's who logged in to their session next.
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
    from serving.{table} as events
    where events.user_id is null and events.session_id in ({sessions})
)

update serving.{table} as joined set user_id = owners.user_id
from owners
where joined.event_id = owners.event_id and owners.user_id is not null;

-- name: given_sessions
select unnest(%(session_ids)s::text[]) as session_id;
