-- What a group's service has not been told of: what may be sent, what is held back, what is dead.
select
    now() as seen_at,
    count(*) filter (where state = 'waiting') as n_waiting,
    count(*) filter (where state in ('unsorted', 'held')) as n_held,
    count(*) filter (where state = 'dead') as n_dead
from events.outbox
where state <> 'sent' and dataset_group = %(dataset_group)s
