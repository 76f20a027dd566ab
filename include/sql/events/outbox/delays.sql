-- Seconds from an event's row to its acknowledgement, for those that were acknowledged since a moment.
select
    coalesce(
        percentile_cont(0.95) within group (order by extract(epoch from sent_at - queued_at)), 0
    )::double precision as p95_seconds
from events.outbox
where sent_at >= %(began_at)s
