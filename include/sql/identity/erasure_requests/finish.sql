update identity.erasure_requests set
    phone = null,
    email = null,
    source = null,
    source_id = null,
    user_id = null,
    user_ids = null,
    state = 'erased',
    erased_at = clock_timestamp()
where request_id = %(request_id)s
