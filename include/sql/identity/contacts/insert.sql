insert into identity.contacts (user_id, kind, contact_hash)
values (%(user_id)s, %(kind)s, %(contact_hash)s)
on conflict (user_id, contact_hash) do nothing
