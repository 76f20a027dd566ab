-- Measurements of before, but for the newest good one of each measure.
with gone as (
    delete from ops.volumes as old
    where
        old.measured_at < %(before)s
        and exists (
            select from ops.volumes as newer
            where
                newer.boundary = old.boundary
                and newer.dataset_group = old.dataset_group
                and newer.measure = old.measure
                and newer.is_good
                and newer.measured_at > old.measured_at
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key
