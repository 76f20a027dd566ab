-- One row per source and reason, and one over all reasons of a source, for each run of the raw gate: how much of what
-- the windows since the last good gate cover is refused. share is the larger of two: of the orders, of the order items.
create table if not exists ops.refusals (
    run_key text not null,
    source text not null,
    reason text not null,
    n_orders bigint not null,
    n_order_items bigint not null,
    share numeric not null,
    note_above numeric not null,
    stop_above numeric not null,
    verdict text not null check (verdict in ('met', 'note', 'stop')),
    counted_at timestamptz not null default now(),
    primary key (run_key, source, reason)
);

-- One row per status word of a source that nobody has mapped: when it first came, and how many orders it keeps out now.
create table if not exists ops.status_words (
    source text not null,
    word text not null,
    n_orders bigint not null,
    first_seen_at timestamptz not null,
    primary key (source, word)
);
