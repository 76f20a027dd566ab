-- One row per order of a source, in the newest version that can be read. content_hash is of the order as sent.
-- order_number is the id as sent, order_id what tells the order from every other one: the same, but where a source
-- gives one id to several orders, all but the first have the moment they were placed behind it (settle_ids.sql).
-- refused_at and refused_reason: since when a newer version comes that cannot be read; that one is among the rejects.
-- doubts: which values were sent but are not believed, and therefore null; or that the order has replaced another one
-- of its id and second (doubt_replacements.sql).
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

-- The source is not the first of these columns: while nothing is known of the table, the planner would take such an
-- index for the foreign key of order items, too, and read the whole source for each of them.
create index if not exists company__orders_order_number on raw.company__orders (order_number, source);
create index if not exists company__orders_ordered_at on raw.company__orders (ordered_at);

-- One row per line of an order. merged_lines counts further lines of the same order that were equal in every field.
-- product_id is spelt as the shop spells it; product_key is what spellings of one product have in common, for joining.
create table if not exists raw.company__order_items (
    source text not null,
    order_id text not null,
    line_number integer not null,
    product_id text not null,
    product_name text,
    category text,
    brand text,
    quantity numeric(14, 3) not null,
    unit_price numeric(14, 4) not null,
    base_price numeric(14, 4),
    merged_lines integer not null default 0,
    primary key (source, order_id, line_number),
    foreign key (source, order_id) references raw.company__orders (source, order_id) on delete cascade
);

alter table raw.company__order_items add column if not exists product_key text;
update raw.company__order_items set product_key = upper(product_id)
where product_key is null;
alter table raw.company__order_items alter column product_key set not null;

-- One row per product key, with the spelling that the product goes by everywhere: the first that was seen, because a
-- model knows its items by it. Delete a row, and the next order of the product decides anew.
create table if not exists raw.company__product_spellings (
    product_key text primary key,
    product_id text not null
);

-- One row per order or line that could not be mapped. Personal fields of payload are blanked; the archive has them.
-- order_id, order_number (the id as sent) and ordered_at are null where the order does not tell them; status is the
-- order's word for where it stands, folded to lower case.
create table if not exists raw.company__rejects (
    reject_id text primary key,
    source text not null,
    order_id text,
    ordered_at timestamptz,
    line_number integer,
    n_lines integer not null,
    reason text not null,
    detail text not null,
    payload text not null,
    archive_key text not null,
    run_key text not null
);

create index if not exists company__rejects_order on raw.company__rejects (source, order_id);

alter table raw.company__rejects add column if not exists status text;
alter table raw.company__rejects add column if not exists rejected_at timestamptz not null default now();
alter table raw.company__rejects add column if not exists order_number text;
update raw.company__rejects set order_number = order_id
where order_number is null and order_id is not null;

create index if not exists company__rejects_order_number on raw.company__rejects (order_number, source);

-- A warehouse from before there were limits may hold orders of times that cannot be, at which its gate stops, and which
-- no later version replaces. They become rejects; the limits are those of aisle.contracts.limits.
with impossible as (
    delete from raw.company__orders
    where ordered_at < '2000-01-01T00:00:00Z' or ordered_at > now() + interval '1 hour'
    returning source, order_id, order_number, run_key
)

insert into raw.company__rejects (
    reject_id, source, order_id, order_number, n_lines, reason, detail, payload, archive_key, run_key
)
select
    'limits-' || md5(impossible.source || ' ' || impossible.order_id),
    impossible.source,
    impossible.order_id,
    impossible.order_number,
    greatest(1, sum(1 + items.merged_lines)),
    'impossible_order_date',
    '`$.order_date` was stored before its limits were known',
    '{}',
    '',
    impossible.run_key
from impossible
left join raw.company__order_items as items
    on impossible.source = items.source and impossible.order_id = items.order_id
group by impossible.source, impossible.order_id, impossible.order_number, impossible.run_key
on conflict (reject_id) do nothing;

-- One row per source, run, reason and status word of what could not be read. n_orders_standing: orders of which an
-- older version stands in raw in the place of the refused one.
create or replace view raw.company__refusals as
select
    rejects.source,
    rejects.run_key,
    rejects.reason,
    rejects.status,
    count(distinct coalesce(rejects.order_id, rejects.reject_id)) as n_orders,
    sum(rejects.n_lines)::bigint as n_order_items,
    count(distinct orders.order_id) as n_orders_standing,
    min(rejects.rejected_at) as first_seen_at
from raw.company__rejects as rejects
left join raw.company__orders as orders
    on
        rejects.source = orders.source
        and rejects.order_id = orders.order_id
        and orders.refused_at is not null
        and not starts_with(rejects.reject_id, orders.content_hash || '-')
group by rejects.source, rejects.run_key, rejects.reason, rejects.status;

-- Whether two versions that came under one id are of two orders. Time alone does not tell: a date is corrected, and a
-- cancellation comes late. So the farther apart they were placed, the less must differ besides: within a day both the
-- person and all products, within a month either, behind it nothing, unless one person cancels what they bought. A null
-- is what is not known, which tells nothing. A version that cannot be read shows neither person nor products; it is of
-- an order that was placed within a day.
create or replace function raw.are_two_orders(
    apart interval, is_same_person boolean, has_same_product boolean, is_cancellation boolean, is_readable boolean
) returns boolean immutable parallel safe language sql
return case
    when apart is null or apart < interval '1 second' then false
    when apart <= interval '1 day' then is_same_person is false and has_same_product is false
    when not is_readable then true
    when apart <= interval '30 days' then is_same_person is false or has_same_product is false
    else not (is_cancellation and is_same_person is true and has_same_product is not false)
end;
