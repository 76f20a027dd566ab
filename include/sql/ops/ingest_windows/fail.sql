-- A window could not be fetched or loaded. Nothing of it is in raw, unless an earlier fetch of it was proven.
update ops.ingest_windows set
    state = 'failed',
    error = %(error)s,
    finished_at = now()
where
    source = %(source)s
    and window_start = %(window_start)s
    and window_end = %(window_end)s
    and run_key = %(run_key)s
    and state <> 'proven'
