-- A window was fetched to its end, and its orders are in raw as of this transaction. Runs after the merge.
-- orders_changed adds up over fetches of the same window, so that its sum over the ledger only ever grows.
update ops.ingest_windows set
    state = 'proven',
    kind = case when ingest_windows.kind = 'scheduled' then ingest_windows.kind else %(kind)s end,
    error = null,
    pages = %(pages)s,
    orders = fetched.orders,
    orders_changed = ingest_windows.orders_changed + fetched.orders_changed,
    order_lines = fetched.order_lines,
    merged_lines = fetched.merged_lines,
    rejected_lines = fetched.rejected_lines,
    repeated_orders = %(repeated_orders)s,
    vanished_orders = fetched.vanished_orders,
    proven_until = least(ingest_windows.window_end, ingest_windows.started_at, %(answered_at)s::timestamptz),
    finished_at = now()
from (
    select
        (select count(*) from newest_orders) as orders,
        (select count(*) from changed_orders) as orders_changed,
        lines.kept + lines.merged + rejected.lines as order_lines,
        lines.merged as merged_lines,
        rejected.lines as rejected_lines,
        (
            select count(*)
            from ops.vanished_orders
            where source = %(source)s and ordered_at >= %(window_start)s and ordered_at < %(window_end)s
        ) as vanished_orders
    from (
        select count(*) as kept, coalesce(sum(staged_order_items.merged_lines), 0) as merged
        from staged_order_items
        inner join newest_orders using (version)
    ) as lines
    cross join (
        select coalesce(sum(staged_rejects.n_lines), 0) as lines
        from staged_rejects
        inner join newest_orders using (version)
    ) as rejected
) as fetched
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
returning
    fetched.orders, fetched.orders_changed, fetched.order_lines, fetched.merged_lines, fetched.rejected_lines,
    ingest_windows.repeated_orders, fetched.vanished_orders, ingest_windows.proven_until
