-- What waits, since when, and what is dead.
select
    now() as seen_at,
    count(*) filter (where state = 'waiting') as n_waiting,
    count(*) filter (where state = 'dead') as n_dead,
    coalesce(extract(epoch from now() - min(queued_at) filter (where state = 'waiting')), 0)::double precision
        as oldest_wait_seconds
from events.outbox
where state <> 'sent'
