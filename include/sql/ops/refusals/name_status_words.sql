-- The status words of the orders that are refused for them now. A word keeps the moment at which it first came.
with refused as (
    select
        source,
        left(btrim(payload::json ->> 'status'), 40) as word
    from raw.company__rejects
    where reason = 'unknown_status' and payload is json object
),

counted as (
    select
        source,
        word,
        count(*) as n_orders
    from refused
    where word <> ''
    group by source, word
),

gone as (
    update ops.status_words as known set n_orders = 0
    where
        known.n_orders > 0
        and not exists (
            select from counted
            where counted.source = known.source and counted.word = known.word
        )
)

insert into ops.status_words as known (source, word, n_orders)
select
    source,
    word,
    n_orders
from counted
on conflict (source, word) do update set n_orders = excluded.n_orders
where known.n_orders <> excluded.n_orders
