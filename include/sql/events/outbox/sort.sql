-- Which events are the group's: those wait to be sent, and any other goes. {belongs} speaks of a row of interactions;
-- it is null as long as the marts do not know the user or the item, which then are held until the marts do, or until
-- they are so old that they are left to the export. A row that a merge is just changing is left to the next run.
with looked_at as materialized (
    select
        event_id,
        state,
        user_id,
        item_id,
        event_type,
        event_value,
        floor(extract(epoch from occurred_at))::bigint as timestamp,
        occurred_at > now() - make_interval(hours => %(max_age_hours)s) as may_wait
    from events.outbox
    where state in ('unsorted', 'held') and dataset_group = %(dataset_group)s
    for update skip locked
),

judged as materialized (
    select
        interactions.event_id,
        interactions.state,
        {belongs} as is_theirs,
        interactions.may_wait
    from looked_at as interactions
),

withdrawn as (
    delete from events.outbox
    using judged
    where
        outbox.event_id = judged.event_id
        and outbox.dataset_group = %(dataset_group)s
        and not coalesce(judged.is_theirs, judged.may_wait)
),

kept as (
    update events.outbox set
        state = case when judged.is_theirs then 'waiting' else 'held' end,
        queued_at = case when judged.state = 'held' then now() else outbox.queued_at end
    from judged
    where
        outbox.event_id = judged.event_id
        and outbox.dataset_group = %(dataset_group)s
        and coalesce(judged.is_theirs, judged.may_wait and judged.state = 'unsorted')
)

select
    count(*) filter (where is_theirs) as n_theirs,
    count(*) filter (where is_theirs is null and may_wait) as n_held,
    count(*) filter (where not coalesce(is_theirs, may_wait)) as n_withdrawn
from judged
