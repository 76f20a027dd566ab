-- Windows that a clock ahead of this database's has proven: their orders stay, their proof does not. It must be taken
-- back before the time comes when it would look like any other.
update ops.ingest_windows set
    state = 'failed',
    error = 'its clock ran ahead: it was begun at ' || started_at || ', which was still to come',
    finished_at = now()
where
    source = %(source)s
    and state = 'proven'
    and started_at > now()
returning window_start, window_end
