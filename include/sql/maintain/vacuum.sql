-- The tables that maintain deletes from, and those that the line rewrites in part.
vacuum (analyze, skip_locked) ops.receipts, ops.quality_results, ops.jobs, ops.exports, ops.ingest_windows,
raw.company__orders, raw.company__order_items, raw.company__rejects, identity.customers
