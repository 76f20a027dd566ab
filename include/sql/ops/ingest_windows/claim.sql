-- One process at a time works on a window, whichever run, DAG or scheduler started it. The lock goes with the session.
select pg_try_advisory_lock(ops.window_lock(%(source)s, %(window_start)s, %(window_end)s))
