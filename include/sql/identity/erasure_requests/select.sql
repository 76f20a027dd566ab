select
    state,
    phone,
    email,
    source,
    source_id,
    user_id,
    user_ids
from identity.erasure_requests
where request_id = %(request_id)s
