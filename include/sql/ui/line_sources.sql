-- One row per source of orders: up to when its windows are proven, and how many failed last.
select
    source,
    max(window_end) filter (where state = 'proven') as proven_until,
    count(*) filter (where state = 'failed') as n_failed,
    count(*) filter (where state = 'running') as n_running
from ops.ingest_windows
group by source
order by source
limit 20
