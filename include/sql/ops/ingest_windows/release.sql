select pg_advisory_unlock(ops.window_lock(%(source)s, %(window_start)s, %(window_end)s))
