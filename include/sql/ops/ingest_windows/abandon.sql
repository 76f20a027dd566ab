-- Windows whose process ended without a word. One that is at work holds the lock of its window, see claim.sql.
update ops.ingest_windows set
    state = 'failed',
    error = 'its process ended without a word',
    finished_at = now()
where
    source = %(source)s
    and state = 'running'
    and pg_try_advisory_xact_lock(ops.window_lock(source, window_start, window_end))
