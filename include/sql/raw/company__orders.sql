-- name: create
-- One row per order of a source, in the newest version that can be read. content_hash is of the order as sent.
-- order_number is the id as sent, order_id what tells the order from every other one: the same, but where a source
-- gives one id to several orders, all but the first have the moment they were placed behind it (order_ids).
-- refused_at and refused_reason: since when a newer version comes that cannot be read; that one is among the rejects.
-- doubts: which values were sent but are not believed, and therefore null; or that the order has replaced another one
-- of its id and second, or is the last of several parts (order_ids/doubt_replacements).
create table if not exists raw.company__orders (
    source text not null,
    order_id text not null,
    ordered_at timestamptz not null,
    updated_at timestamptz,
    status text not null,
    user_id text,
    city text,
    province text,
    payment_mode text,
    brand text,
    total_amount numeric(14, 2),
    content_hash text not null,
    run_key text not null,
    primary key (source, order_id)
);

alter table raw.company__orders add column if not exists refused_at timestamptz;
alter table raw.company__orders add column if not exists refused_reason text;
alter table raw.company__orders add column if not exists doubts text[] not null default '{}';

alter table raw.company__orders add column if not exists order_number text;
update raw.company__orders set order_number = order_id
where order_number is null;
alter table raw.company__orders alter column order_number set not null;

-- An index of before has its columns the other way round; it is built again.
do $$
begin
    if (
        select pg_get_indexdef(to_regclass('raw.company__orders_order_number')) not like '%(order_number, source)'
    ) then
        drop index raw.company__orders_order_number;
    end if;
end $$;

-- The source is not the first of these columns: while nothing is known of the table, the planner would take such an
-- index for the foreign key of order items, too, and read the whole source for each of them.
create index if not exists company__orders_order_number on raw.company__orders (order_number, source);
create index if not exists company__orders_ordered_at on raw.company__orders (ordered_at);

-- name: merge
-- Staged orders into raw, under the ids that order_ids/settle gave them. The newest version of an order that can be
-- read replaces its rows; a newer one that cannot be read is stored as rejects beside the good one, which stands and is
-- marked. An unchanged order is not touched; a version older than the stored one is ignored, unless that one is stamped
-- later than now (clock_tolerance for clocks that differ): of two versions that cannot be compared, the one that came
-- last counts. Runs in the transaction that proves the window.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

-- One row per order of the window: its newest version, readable or not.
create temp table newest_orders on commit drop as
select distinct on (coalesce(order_id, content_hash)) staged_orders.*
from staged_orders
order by coalesce(order_id, content_hash), updated_at desc nulls last, is_mapped desc, version desc;

-- One row per order of the window: its newest version that can be read. One of whose items none could be read counts
-- as such only where there is no other version.
create temp table readable_orders on commit drop as
select distinct on (staged_orders.order_id) staged_orders.*
from staged_orders
where
    staged_orders.is_mapped
    and not (
        staged_orders.is_empty
        and exists (
            select from raw.company__order_items as stored
            where stored.source = %(source)s and stored.order_id = staged_orders.order_id
        )
    )
order by
    staged_orders.order_id asc,
    staged_orders.is_empty asc,
    staged_orders.updated_at desc nulls last,
    staged_orders.version desc;

-- One row per order whose newest version cannot be read and is not older than the stored one.
create temp table refused_orders on commit drop as
select newest_orders.*
from newest_orders
left join readable_orders
    on newest_orders.version = readable_orders.version
left join raw.company__orders as stored
    on
        stored.source = %(source)s
        and stored.order_id = newest_orders.order_id
where
    readable_orders.version is null
    and (
        newest_orders.updated_at < stored.updated_at
        and stored.updated_at <= now() + %(clock_tolerance)s  -- noqa: RF02
    ) is not true;

-- One row per version that raw does not have yet: of an order one that can be read, one that cannot, or both. A good
-- version that comes again after a refused one is news, too: it clears the mark.
create temp table changed_orders on commit drop as
select readable_orders.*
from readable_orders
left join raw.company__orders as stored
    on
        stored.source = %(source)s
        and stored.order_id = readable_orders.order_id
left join refused_orders
    on readable_orders.order_id = refused_orders.order_id
where
    (
        readable_orders.updated_at < stored.updated_at
        and stored.updated_at <= now() + %(clock_tolerance)s  -- noqa: RF02
    ) is not true
    and (
        stored.content_hash is distinct from readable_orders.content_hash
        or stored.user_id is distinct from readable_orders.user_id
        or (stored.refused_at is not null and refused_orders.version is null)
    )
union all
select refused_orders.*
from refused_orders
where not exists (
    select from staged_rejects
    inner join raw.company__rejects as known on staged_rejects.reject_id = known.reject_id
    where staged_rejects.version = refused_orders.version
);

analyze changed_orders;

delete from raw.company__order_items as old
using changed_orders
inner join readable_orders on changed_orders.version = readable_orders.version
where old.source = %(source)s and old.order_id = changed_orders.order_id;

insert into raw.company__orders (
    source, order_id, order_number, ordered_at, updated_at, status, user_id, city, province, payment_mode, brand,
    total_amount, content_hash, run_key, doubts
)
select
    %(source)s, changed_orders.order_id, changed_orders.order_number, changed_orders.ordered_at,
    changed_orders.updated_at, changed_orders.status, changed_orders.user_id, changed_orders.city,
    changed_orders.province, changed_orders.payment_mode, changed_orders.brand, changed_orders.total_amount,
    changed_orders.content_hash, %(run_key)s, changed_orders.doubts
from changed_orders
inner join readable_orders on changed_orders.version = readable_orders.version
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
    run_key = excluded.run_key,
    doubts = excluded.doubts,
    refused_at = null,
    refused_reason = null;

insert into raw.company__order_items (
    source, order_id, line_number, product_id, product_key, product_name, category, brand, quantity, unit_price,
    base_price, merged_lines
)
select
    %(source)s, changed_orders.order_id, staged.line_number, staged.product_id, staged.product_key, staged.product_name,
    staged.category, staged.brand, staged.quantity, staged.unit_price, staged.base_price, staged.merged_lines
from staged_order_items as staged
inner join changed_orders on staged.version = changed_orders.version
inner join readable_orders on changed_orders.version = readable_orders.version;

insert into raw.company__product_spellings (product_key, product_id)
select distinct on (staged.product_key)
    staged.product_key,
    staged.product_id
from staged_order_items as staged
inner join changed_orders on staged.version = changed_orders.version
order by staged.product_key, changed_orders.ordered_at, changed_orders.order_id, staged.line_number
on conflict (product_key) do nothing;

-- The rejects of an order are those of the version that stands and of the one refused since; all others go.
delete from raw.company__rejects as old
using changed_orders
where
    old.source = %(source)s
    and old.order_id = changed_orders.order_id
    and not exists (
        select from raw.company__orders as standing
        where
            standing.source = old.source
            and standing.order_id = old.order_id
            and starts_with(old.reject_id, standing.content_hash || '-')
    )
    and not exists (
        select from staged_rejects
        inner join refused_orders on staged_rejects.version = refused_orders.version
        where staged_rejects.reject_id = old.reject_id
    );

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

insert into raw.company__rejects (
    reject_id, source, order_id, order_number, ordered_at, line_number, n_lines, reason, detail, status, payload,
    archive_key, run_key
)
select
    staged.reject_id, %(source)s, changed_orders.order_id, changed_orders.order_number, changed_orders.ordered_at,
    staged.line_number, staged.n_lines, staged.reason, staged.detail, staged.status, staged.payload,
    staged.archive_key, %(run_key)s
from staged_rejects as staged
inner join changed_orders on staged.version = changed_orders.version
on conflict (reject_id) do nothing;

update raw.company__orders as standing set
    refused_at = coalesce(standing.refused_at, now()),
    refused_reason = refused.reason
from (
    select distinct on (refused_orders.order_id)
        refused_orders.order_id,
        staged_rejects.reason
    from refused_orders
    inner join staged_rejects on refused_orders.version = staged_rejects.version
    order by refused_orders.order_id, staged_rejects.line_number
) as refused
where
    standing.source = %(source)s
    and standing.order_id = refused.order_id
    and standing.refused_reason is distinct from refused.reason;

-- A later stamp alone is no change, but a later version is compared with it.
update raw.company__orders as standing set updated_at = readable_orders.updated_at
from readable_orders
where
    standing.source = %(source)s
    and standing.order_id = readable_orders.order_id
    and standing.content_hash = readable_orders.content_hash
    and (readable_orders.updated_at > standing.updated_at or standing.updated_at is null)
    and readable_orders.updated_at is not null;
