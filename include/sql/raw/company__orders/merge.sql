-- Staged orders into raw. The newest version of an order replaces its rows and its rejects; an unchanged order is not
-- touched; a version older than the stored one is ignored. Runs in the transaction that proves the window.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

-- One row per order of the window: its newest version. What could be mapped goes before what could not.
create temp table newest_orders on commit drop as
select distinct on (coalesce(order_id, content_hash)) staged_orders.*
from staged_orders
order by coalesce(order_id, content_hash), is_mapped desc, updated_at desc nulls last, version desc;

-- One row per order that raw does not have in this version.
create temp table changed_orders on commit drop as
select newest_orders.*
from newest_orders
left join raw.company__orders as stored
    on
        stored.source = %(source)s
        and stored.order_id = newest_orders.order_id
where
    (newest_orders.updated_at < stored.updated_at) is not true
    and case
        when newest_orders.is_mapped then stored.content_hash is distinct from newest_orders.content_hash
        else not exists (
            select from raw.company__rejects as known
            where
                known.reject_id = newest_orders.content_hash || '-0'
        )
    end;

analyze changed_orders;

delete from raw.company__order_items as old
using changed_orders
where old.source = %(source)s and old.order_id = changed_orders.order_id;

delete from raw.company__rejects as old
using changed_orders
where old.source = %(source)s and old.order_id = changed_orders.order_id;

delete from raw.company__orders as old
using changed_orders
where old.source = %(source)s and old.order_id = changed_orders.order_id and not changed_orders.is_mapped;

-- A refused order without an id cannot be replaced by id: a whole answer for its time without it supersedes it.
delete from raw.company__rejects as old
where
    old.source = %(source)s
    and old.order_id is null
    and old.ordered_at >= %(window_start)s
    and old.ordered_at < %(window_end)s
    and not exists (
        select from staged_rejects
        where staged_rejects.reject_id = old.reject_id
    );

insert into raw.company__orders (
    source, order_id, ordered_at, updated_at, status, user_id, city, province, payment_mode, brand, total_amount,
    content_hash, run_key
)
select
    %(source)s, order_id, ordered_at, updated_at, status, user_id, city, province, payment_mode, brand, total_amount,
    content_hash, %(run_key)s
from changed_orders
where is_mapped
on conflict (source, order_id) do update set
    ordered_at = excluded.ordered_at,
    updated_at = excluded.updated_at,
    status = excluded.status,
    user_id = excluded.user_id,
    city = excluded.city,
    province = excluded.province,
    payment_mode = excluded.payment_mode,
    brand = excluded.brand,
    total_amount = excluded.total_amount,
    content_hash = excluded.content_hash,
    run_key = excluded.run_key;

insert into raw.company__order_items (
    source, order_id, line_number, product_id, product_name, category, brand, quantity, unit_price, base_price,
    merged_lines
)
select
    %(source)s, changed_orders.order_id, staged.line_number, staged.product_id, staged.product_name, staged.category,
    staged.brand, staged.quantity, staged.unit_price, staged.base_price, staged.merged_lines
from staged_order_items as staged
inner join changed_orders on changed_orders.version = staged.version;

insert into raw.company__rejects (
    reject_id, source, order_id, ordered_at, line_number, n_lines, reason, detail, payload, archive_key, run_key
)
select
    staged.reject_id, %(source)s, changed_orders.order_id, changed_orders.ordered_at, staged.line_number,
    staged.n_lines, staged.reason, staged.detail, staged.payload, staged.archive_key, %(run_key)s
from staged_rejects as staged
inner join changed_orders on changed_orders.version = staged.version;
