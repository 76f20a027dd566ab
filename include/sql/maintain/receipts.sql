-- Receipts of before, but for the newest of each piece of work and those of generations that can be served.
with gone as (
    delete from ops.receipts as old
    where
        old.finished_at < %(before)s
        and exists (
            select from ops.receipts as newer
            where newer.leg = old.leg and newer.subject = old.subject and newer.finished_at > old.finished_at
        )
        and not exists (
            select from cache.all_generations() as generations
            where generations.generation = old.run_key and generations.state in ('live', 'previous')
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key
