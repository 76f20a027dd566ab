-- Exports of before, but for the newest of each dataset and those of the newest imports.
with newest_jobs as (
    select distinct on (purpose) run_key
    from ops.jobs
    order by purpose asc, started_at desc
),

gone as (
    delete from ops.exports as old
    where
        old.exported_at < %(before)s
        and old.run_key not in (select newest_jobs.run_key from newest_jobs)
        and exists (
            select from ops.exports as newer
            where newer.dataset = old.dataset and newer.exported_at > old.exported_at
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key
