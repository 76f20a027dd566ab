-- How many events wait, were sent, are dead, and since when the oldest waits: each as often as there are groups for it.
-- Held is what the marts do not know enough of yet to tell whether it is a group's.
select
    count(*) filter (where state in ('waiting', 'unsorted')) as n_waiting,
    count(*) filter (where state = 'held') as n_held,
    count(*) filter (where state = 'sent') as n_sent,
    count(*) filter (where state = 'dead') as n_dead,
    min(queued_at) filter (where state in ('waiting', 'unsorted')) as waiting_since,
    max(sent_at) as newest_sent_at
from events.outbox
