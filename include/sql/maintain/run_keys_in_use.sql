-- Run keys whose files something still stands on: the newest job of each purpose, the newest export of each dataset,
-- the generations that are live or can come back, and the runs whose answers these were made of.
with newest_jobs as (
    select distinct on (purpose)
        run_key,
        output_uri
    from ops.jobs
    order by purpose asc, started_at desc
),

newest_exports as (
    select distinct on (dataset) run_key
    from ops.exports
    order by dataset asc, exported_at desc
),

kept_generations as (
    select generation
    from cache.all_generations()
    where state in ('live', 'previous')
),

answers as (
    select output_uri as uri
    from newest_jobs
    union
    select receipts.details ->> 'output' as uri
    from ops.receipts
    inner join kept_generations on receipts.run_key = kept_generations.generation
    where receipts.leg = 'recommend'
)

select run_key
from newest_jobs
union
select run_key
from newest_exports
union
select generation as run_key
from kept_generations
union
select substring(uri from '([^/]+)/$') as run_key
from answers
where uri is not null
