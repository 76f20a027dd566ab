-- name: create
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

-- See raw.company__orders.
do $$
begin
    if (
        select pg_get_indexdef(to_regclass('raw.company__rejects_order_number')) not like '%(order_number, source)'
    ) then
        drop index raw.company__rejects_order_number;
    end if;
end $$;

create index if not exists company__rejects_order_number on raw.company__rejects (order_number, source);

-- name: create_refusals
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

-- name: reject_impossible_dates
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

-- name: list
-- What was rejected and is still out: by source, reason and status word, with one order of each and the days they span.
select
    source,
    reason,
    coalesce(status, '') as status,
    count(distinct coalesce(order_id, reject_id)) as n_orders,
    sum(n_lines)::bigint as n_order_items,
    min(order_number) as an_order,
    to_char(min(ordered_at) at time zone 'utc', 'YYYY-MM-DD') as first_day,
    to_char(max(ordered_at) at time zone 'utc', 'YYYY-MM-DD') as last_day
from raw.company__rejects
where %(source)s::text is null or source = %(source)s
group by source, reason, status
order by n_orders desc, source asc, reason asc, status asc;
