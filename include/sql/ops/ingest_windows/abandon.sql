-- Windows whose process ended without a word: runs of a source do not overlap, so nobody works on them any more.
update ops.ingest_windows set
    state = 'failed',
    error = 'its process ended without a word',
    finished_at = now()
where source = %(source)s and state = 'running'
