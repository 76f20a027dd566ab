-- Contacts of all staged people, also of orders that have not changed: a warehouse that is older than this table learns
-- of them when a window is fetched again.
insert into identity.contacts as known (user_id, kind, contact_hash, first_seen_at, last_seen_at)
select
    people.user_id,
    contacts.kind,
    contacts.contact_hash,
    min(people.seen_at) as first_seen_at,
    max(people.seen_at) as last_seen_at
from staged_people as people
cross join
    lateral (
        values ('phone', people.phone_hash), ('email', people.email_hash), ('source_id', people.source_id_hash)
    ) as contacts (kind, contact_hash)
where contacts.contact_hash is not null
group by people.user_id, contacts.kind, contacts.contact_hash
on conflict (user_id, contact_hash) do update set
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)
where known.first_seen_at > excluded.first_seen_at or known.last_seen_at < excluded.last_seen_at
