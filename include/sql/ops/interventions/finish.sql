update ops.interventions set
    after = %(after)s,
    is_done = true,
    done_at = clock_timestamp()
where run_key = %(run_key)s and kind = %(kind)s and subject = %(subject)s
