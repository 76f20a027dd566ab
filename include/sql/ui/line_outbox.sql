-- How many events wait, were sent, are dead, and since when the oldest waits.
select
    count(*) filter (where state = 'waiting') as n_waiting,
    count(*) filter (where state = 'sent') as n_sent,
    count(*) filter (where state = 'dead') as n_dead,
    min(queued_at) filter (where state = 'waiting') as waiting_since,
    max(sent_at) as newest_sent_at
from events.outbox
