-- One row per day: how many events were streamed.
select
    sent_at::date as day,
    count(*) as n_events
from events.outbox
where state = 'sent' and sent_at >= now() - make_interval(days => %(n_days)s)
group by sent_at::date
order by day
