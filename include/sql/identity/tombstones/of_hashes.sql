-- Which of some user ids or contact hashes were erased, and when.
select
    told.contact_hash,
    tombstones.erased_at
from unnest(%(contact_hashes)s::text[]) as told (contact_hash)
inner join identity.tombstones on tombstones.user_hash = identity.user_hash(told.contact_hash)
