-- Events that were sent before, once per group. What was not sent stays: it is waiting, or somebody must look at it.
with gone as (
    delete from events.outbox
    where state = 'sent' and sent_at < %(before)s
    returning to_char(sent_at at time zone 'utc', 'yyyy-mm-dd') as sent_on
)

select
    sent_on as run_key,
    count(*) as n_rows
from gone
group by sent_on
order by sent_on
