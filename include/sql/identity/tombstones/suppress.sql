-- Staged orders of people who were erased after they were fetched: the order stays, the person goes. Under the lock
-- that an erasure takes, so that of an order and an erasure at the same time one always sees the other.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

with erased as (
    delete from staged_people
    using staged_orders, identity.tombstones
    where
        staged_orders.version = staged_people.version
        and tombstones.user_hash in (
            identity.user_hash(staged_people.user_id),
            identity.user_hash(staged_people.phone_hash),
            identity.user_hash(staged_people.email_hash),
            identity.user_hash(staged_people.source_id_hash)
        )
        and staged_orders.ordered_at < tombstones.erased_at
    returning staged_people.version
)

update staged_orders set user_id = null
from erased
where staged_orders.version = erased.version;
