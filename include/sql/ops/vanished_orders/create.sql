-- One row per order that raw has and that a whole answer for its time no longer gave. It stays in raw: whether it was
-- deleted, moved or lost, the API does not say. The row goes when the order comes again.
create table if not exists ops.vanished_orders (
    source text not null,
    order_id text not null,
    ordered_at timestamptz not null,
    run_key text not null,
    noted_at timestamptz not null default now(),
    primary key (source, order_id),
    foreign key (source, order_id) references raw.company__orders (source, order_id) on delete cascade
);

create index if not exists vanished_orders_ordered_at on ops.vanished_orders (source, ordered_at);
