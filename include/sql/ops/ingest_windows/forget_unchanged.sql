-- A tail that brought nothing has nothing to tell: neither the watermark nor the count of changes is read off it.
delete from ops.ingest_windows
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
    and kind = 'tail'
    and state = 'proven'
    and orders_changed = 0
