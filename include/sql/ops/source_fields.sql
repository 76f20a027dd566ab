-- name: create
-- One row per field that orders of a source have, or a column of its files: how often it had a value, the shape of the
-- first, and how many orders have come since without it. is_known: Aisle knows it, or the source's file names it.
create table if not exists ops.source_fields (
    source text not null,
    field text not null,
    is_known boolean not null,
    shape text not null,
    n_seen bigint not null,
    n_orders_since bigint not null default 0,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    primary key (source, field)
);

-- name: count
with counted as (
    select
        unnest(%(names)s::text[]) as field,
        unnest(%(are_known)s::boolean[]) as is_known,
        unnest(%(times)s::bigint[]) as n_seen,
        unnest(%(shapes)s::text[]) as shape
),

missed as (
    update ops.source_fields as known set n_orders_since = known.n_orders_since + %(n_orders)s
    where
        known.source = %(source)s
        and not exists (
            select from counted
            where counted.field = known.field
        )
)

insert into ops.source_fields as known (source, field, is_known, shape, n_seen)
select
    %(source)s,
    field,
    is_known,
    shape,
    n_seen
from counted
on conflict (source, field) do update set
    is_known = excluded.is_known,
    n_seen = known.n_seen + excluded.n_seen,
    n_orders_since = 0,
    last_seen_at = now();

-- name: note_unknown
insert into ops.source_drift (source, kind, field, run_key)
select
    source,
    'unknown field' as kind,
    field,
    %(run_key)s
from ops.source_fields
where source = %(source)s and not is_known
on conflict (source, kind, field) do nothing;

-- name: note_vanished
insert into ops.source_drift (source, kind, field, run_key)
select
    source,
    'vanished field' as kind,
    field,
    %(run_key)s
from ops.source_fields
where source = %(source)s and n_seen >= 100 and n_orders_since >= 100
on conflict (source, kind, field) do nothing;

-- name: forget_returned
-- A field that came again has not vanished, and one that the source's file names now is known.
delete from ops.source_drift as drift
using ops.source_fields as fields
where
    drift.source = %(source)s
    and fields.source = drift.source
    and fields.field = drift.field
    and (
        (drift.kind = 'vanished field' and fields.n_orders_since = 0)
        or (drift.kind = 'unknown field' and fields.is_known)
    );
