-- Of what events died: each reason with its number of events, the commonest first.
select
    last_error as reason,
    count(*) as n_events
from events.outbox
where state = 'dead'
group by last_error
order by n_events desc, reason
