insert into identity.erasure_requests (phone, email, source, source_id, user_id)
values (%(phone)s, %(email)s, %(source)s, %(source_id)s, %(user_id)s)
returning request_id
