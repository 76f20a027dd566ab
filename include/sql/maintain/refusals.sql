-- Counts of refusals of before.
with gone as (
    delete from ops.refusals
    where counted_at < %(before)s
    returning run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key
