-- One row per day and group: how many events were streamed to it.
select
    sent_at::date as day,
    dataset_group,
    count(*) as n_events
from events.outbox
where state = 'sent' and sent_at >= now() - make_interval(days => %(n_days)s)
group by sent_at::date, dataset_group
order by day, dataset_group
