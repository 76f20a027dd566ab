-- Seconds from a row to its acknowledgement, for the events of a group that were acknowledged since a moment.
select
    coalesce(
        percentile_cont(0.95) within group (order by extract(epoch from sent_at - queued_at)), 0
    )::double precision as p95_seconds
from events.outbox
where sent_at >= %(began_at)s and dataset_group = %(dataset_group)s
