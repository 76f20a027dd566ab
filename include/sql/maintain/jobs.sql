-- Jobs of before, but for the newest of each purpose, which is what holds now.
with gone as (
    delete from ops.jobs as old
    where
        old.started_at < %(before)s
        and exists (
            select from ops.jobs as newer
            where newer.purpose = old.purpose and newer.started_at > old.started_at
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key
