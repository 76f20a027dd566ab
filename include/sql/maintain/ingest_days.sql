-- Days that were compared with the API before, but for what the API said last of each, and the newest look at each
-- source: by these the next look knows when it is due and what has changed.
with newest as (
    select
        source,
        max(checked_at) as checked_at
    from ops.ingest_days
    group by source
),

gone as (
    delete from ops.ingest_days as old
    using newest
    where
        old.source = newest.source
        and old.checked_at < least(%(before)s, newest.checked_at)
        and (
            old.n_theirs is null
            or exists (
                select from ops.ingest_days as newer
                where
                    newer.source = old.source
                    and newer.day = old.day
                    and newer.n_theirs is not null
                    and newer.checked_at > old.checked_at
            )
        )
    returning old.run_key
)

select
    run_key,
    count(*) as n_rows
from gone
group by run_key
order by run_key
