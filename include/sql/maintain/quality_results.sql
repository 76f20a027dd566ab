-- Results of before, but for the newest of each check.
with gone as (
    delete from ops.quality_results as old
    where
        old.checked_at < %(before)s
        and exists (
            select from ops.quality_results as newer
            where
                newer.suite = old.suite and newer.check_id = old.check_id and newer.checked_at > old.checked_at
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key
