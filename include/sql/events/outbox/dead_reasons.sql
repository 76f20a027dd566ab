-- Of what the events of a group, or of every one, died: each reason with its number of events, the commonest first.
select
    dataset_group,
    last_error as reason,
    count(*) as n_events
from events.outbox
where state = 'dead' and (%(dataset_group)s::text is null or dataset_group = %(dataset_group)s)
group by dataset_group, last_error
order by n_events desc, dataset_group, reason
