-- How many order versions this ledger has seen written to raw, over all sources, and when it began. The count only ever
-- grows; another beginning means another warehouse, whose count cannot be compared.
select
    coalesce(sum(orders_changed), 0)::bigint as n_changes,
    min(started_at) as ledger_began_at
from ops.ingest_windows
