-- What this very run has proven of a window already.
select
    orders,
    orders_changed,
    order_lines,
    merged_lines,
    rejected_lines,
    repeated_orders,
    vanished_orders
from ops.ingest_windows
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
    and state = 'proven'
