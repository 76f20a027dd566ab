-- Staged orders of people who were erased since: the order stays, the person goes. Under the lock that an erasure
-- takes, so that of an order and an erasure at the same time one always sees the other.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

delete from staged_people
using staged_orders, identity.tombstones
where
    staged_orders.version = staged_people.version
    and tombstones.user_hash = identity.user_hash(staged_people.user_id)
    and staged_orders.ordered_at < tombstones.erased_at;

update staged_orders set user_id = null
from identity.tombstones
where
    tombstones.user_hash = identity.user_hash(staged_orders.user_id)
    and staged_orders.ordered_at < tombstones.erased_at;
