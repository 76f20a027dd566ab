-- A window is about to be fetched. What is proven stays proven while it is fetched again.
insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state)
values (%(source)s, %(window_start)s, %(window_end)s, %(run_key)s, %(kind)s, 'running')
on conflict (source, window_start, window_end, run_key) do update set
    state = excluded.state,
    kind = excluded.kind,
    error = null,
    started_at = excluded.started_at,
    finished_at = null
where ingest_windows.state <> 'proven'
