-- name: receipts
-- One row per piece of work of the newest run of each stage; of the stages that each group has, those of the first.
with newest as (
    select distinct on (stage)
        stage,
        run_key
    from ops.receipts
    where split_part(subject, '/', 1) <> all(%(other_groups)s::text[])  -- noqa: RF02
    order by stage asc, finished_at desc
)

select
    receipts.stage,
    receipts.run_key,
    receipts.subject,
    receipts.rows_in,
    receipts.rows_out,
    receipts.bytes,
    receipts.seconds,
    receipts.finished_at,
    receipts.details ->> 'without' as without
from ops.receipts
inner join newest on receipts.stage = newest.stage and receipts.run_key = newest.run_key
where split_part(receipts.subject, '/', 1) <> all(%(other_groups)s::text[])  -- noqa: RF02
order by receipts.stage asc, receipts.finished_at asc, receipts.subject asc
limit 200;

-- name: sources
-- One row per source of orders: up to when its windows are proven, and how many failed last.
select
    source,
    max(window_end) filter (where state = 'proven') as proven_until,
    count(*) filter (where state = 'failed') as n_failed,
    count(*) filter (where state = 'running') as n_running
from ops.ingest_windows
group by source
order by source
limit 20;

-- name: outbox
-- How many events wait, were sent, are dead, and since when the oldest waits: each as often as there are groups for it.
-- Held is what the marts do not know enough of yet to tell whether it is a group's.
select
    count(*) filter (where state in ('waiting', 'unsorted')) as n_waiting,
    count(*) filter (where state = 'held') as n_held,
    count(*) filter (where state = 'sent') as n_sent,
    count(*) filter (where state = 'dead') as n_dead,
    min(queued_at) filter (where state in ('waiting', 'unsorted')) as waiting_since,
    max(sent_at) as newest_sent_at
from events.outbox;
