-- name: create
-- One row per field of a source that nobody knows, or that vanished: it came at least a hundred times, and in none of
-- the last hundred orders. run_key is of the run that noticed. Delete a row to have it noticed again.
create table if not exists ops.source_drift (
    source text not null,
    kind text not null check (kind in ('unknown field', 'vanished field')),
    field text not null,
    run_key text not null,
    noticed_at timestamptz not null default now(),
    primary key (source, kind, field)
);

-- The report: what of a source is not, or no longer, as its file says.
create or replace view ops.source_drift_report as
select
    drift.source,
    drift.kind,
    drift.field as name,
    fields.n_seen as n_orders,
    fields.shape as first_example,
    fields.first_seen_at,
    fields.last_seen_at
from ops.source_drift as drift
inner join ops.source_fields as fields on drift.source = fields.source and drift.field = fields.field
union all
select
    words.source,
    'unknown status' as kind,
    words.word as name,
    words.n_orders,
    'text of ' || length(words.word) || ' characters' as first_example,
    words.first_seen_at,
    null as last_seen_at
from ops.status_words as words
where words.n_orders > 0;
