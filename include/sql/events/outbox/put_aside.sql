-- What waits for a group and no service would take is dead, with its reason: it came before the check did, or somebody
-- has replayed it without fixing it. Runs before events are claimed, which one impossible moment would keep from all.
update events.outbox set
    state = 'dead',
    last_error = checked.fault
from (
    select
        event_id,
        dataset_group,
        events.why_unsendable(user_id, session_id, event_type, item_id, event_value, occurred_at) as fault
    from events.outbox
    where state in ('unsorted', 'held', 'waiting') and dataset_group = %(dataset_group)s
    for update skip locked
) as checked
where
    outbox.event_id = checked.event_id
    and outbox.dataset_group = checked.dataset_group
    and checked.fault is not null
