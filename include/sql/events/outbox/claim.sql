-- The events of a group that have waited longest, locked for this transaction: who dies with them gives them back. An
-- event that was refused waits for the next run.
select
    event_id,
    user_id,
    session_id,
    event_type,
    item_id,
    event_value,
    occurred_at
from events.outbox
where
    state = 'waiting'
    and dataset_group = %(dataset_group)s
    and (tried_at < %(began_at)s) is not false
order by queued_at
limit %(n_events)s
for update skip locked
