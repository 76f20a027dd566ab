-- name: create
-- One row per unmapped status word of a source: when it was first seen, and how many orders it keeps out now.
create table if not exists ops.status_words (
    source text not null,
    word text not null,
    n_orders bigint not null,
    first_seen_at timestamptz not null,
    primary key (source, word)
);

-- name: refresh
-- Store the status words of the orders that are refused for them now. A known word keeps its first_seen_at.
with refused as (
    select
        source,
        left(status, 40) as word,
        n_orders,
        first_seen_at
    from raw.company__refusals
    where reason = 'unknown_status' and status <> ''
),

counted as (
    select
        source,
        word,
        sum(n_orders) as n_orders,
        min(first_seen_at) as first_seen_at
    from refused
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

insert into ops.status_words as known (source, word, n_orders, first_seen_at)
select
    source,
    word,
    n_orders,
    first_seen_at
from counted
on conflict (
    source, word) do update set n_orders = excluded.n_orders
where known.n_orders <> excluded.n_orders;
