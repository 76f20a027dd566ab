-- name: create
-- One row per file of orders and source, by the hash of its content: each is read once. A file that failed is tried
-- again. Times are those of its orders.
create table if not exists ops.dropped_files (
    source text not null,
    content_hash text not null,
    name text not null,
    n_bytes bigint not null,
    state text not null check (state in ('read', 'failed')),
    run_key text not null,
    orders integer not null default 0,
    orders_changed integer not null default 0,
    order_items integer not null default 0,
    rejected_items integer not null default 0,
    first_ordered_at timestamptz,
    last_ordered_at timestamptz,
    error text,
    first_seen_at timestamptz not null default now(),
    finished_at timestamptz not null default now(),
    primary key (source, content_hash)
);

-- name: claim
-- One process at a time reads a file. The lock goes with the session.
select
    pg_try_advisory_lock(hashtextextended(concat_ws(' ', 'aisle file', %(source)s::text, %(content_hash)s::text), 0));

-- name: release
select pg_advisory_unlock(hashtextextended(concat_ws(' ', 'aisle file', %(source)s::text, %(content_hash)s::text), 0));

-- name: is_read
select exists(
    select from ops.dropped_files
    where source = %(source)s and content_hash = %(content_hash)s and state = 'read'
);

-- name: record
-- A file was read to its end, and its orders are in raw as of this transaction. Runs after the merge.
insert into ops.dropped_files as known (
    source, content_hash, name, n_bytes, state, run_key, orders, orders_changed, order_items, rejected_items,
    first_ordered_at, last_ordered_at
)
select
    %(source)s,
    %(content_hash)s,
    %(name)s,
    %(n_bytes)s,
    'read',
    %(run_key)s,
    (select count(*) from staged_orders),
    (select count(*) from changed_orders),
    (select coalesce(sum(1 + merged_lines), 0) from staged_order_items)
    + (select coalesce(sum(n_lines), 0) from staged_rejects),
    (select coalesce(sum(n_lines), 0) from staged_rejects),
    (select min(ordered_at) from staged_orders),
    (select max(ordered_at) from staged_orders)
on conflict (source, content_hash) do update
    set
        name = excluded.name,
        state = excluded.state,
        run_key = excluded.run_key,
        orders = excluded.orders,
        orders_changed = known.orders_changed + excluded.orders_changed,
        order_items = excluded.order_items,
        rejected_items = excluded.rejected_items,
        first_ordered_at = excluded.first_ordered_at,
        last_ordered_at = excluded.last_ordered_at,
        error = null,
        finished_at = now()
returning orders, orders_changed, order_items, rejected_items;

-- name: fail
-- A file could not be read. None of it is in raw.
insert into ops.dropped_files as known (source, content_hash, name, n_bytes, state, run_key, error)
values (%(source)s, %(content_hash)s, %(name)s, %(n_bytes)s, 'failed', %(run_key)s, %(error)s)
on conflict (source, content_hash) do update set
    name = excluded.name,
    run_key = excluded.run_key,
    error = excluded.error,
    finished_at = now()
where known.state = 'failed';

-- name: forget_failure
-- A file of this name could not be read, and now one could.
delete from ops.dropped_files
where source = %(source)s and name = %(name)s and state = 'failed';
