-- name: create
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

-- name: note
-- What a whole answer for a window no longer gives. Runs behind the merge, in its transaction.
delete from ops.vanished_orders as known
using newest_orders
where known.source = %(source)s and known.order_id = newest_orders.order_id;

insert into ops.vanished_orders (source, order_id, ordered_at, run_key)
select stored.source, stored.order_id, stored.ordered_at, %(run_key)s
from raw.company__orders as stored
where
    stored.source = %(source)s
    and stored.ordered_at >= %(window_start)s
    and stored.ordered_at < %(window_end)s
    and not exists (
        select from newest_orders
        where newest_orders.order_id = stored.order_id
    )
on conflict (source, order_id) do nothing;
