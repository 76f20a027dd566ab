-- name: create
-- One row per user id that was erased, as a hash of it: orders from before that moment come without the person for
-- ever. An order placed afterwards begins a new history.
alter table if exists identity.tombstones rename to erasures;
alter index if exists identity.tombstones_pkey rename to erasures_pkey;

create table if not exists identity.erasures (
    user_hash text primary key,
    erased_at timestamptz not null
);

-- What stands in identity.erasures for a user id.
create or replace function identity.user_hash(user_id text) returns text immutable parallel safe language sql
return encode(sha256(convert_to(user_id, 'utf8')), 'hex');

-- name: exist
select exists(select from identity.erasures) as exist;

-- name: of_hashes
-- Which of some user ids or contact hashes were erased, and when.
select
    told.contact_hash,
    erasures.erased_at
from unnest(%(contact_hashes)s::text[]) as told (contact_hash)
inner join identity.erasures on erasures.user_hash = identity.user_hash(told.contact_hash);

-- name: suppress
-- Staged orders of people who were erased after they were fetched: the order stays, the person goes. Under the lock
-- that an erasure takes, so that of an order and an erasure at the same time one always sees the other.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

with erased as (
    delete from staged_people
    where
        version in (
            select people.version
            from staged_people as people
            inner join staged_orders as orders on people.version = orders.version
            cross join
                lateral unnest(array[people.phone_hash, people.email_hash, people.source_id_hash])
                    as contacts (contact_hash)
            inner join identity.erasures on identity.user_hash(contacts.contact_hash) = erasures.user_hash
            where
                orders.ordered_at < erasures.erased_at
                and not exists (
                    select from identity.placeholders
                    where placeholders.contact_hash = contacts.contact_hash and placeholders.is_placeholder
                )
        )
    returning version
)

update staged_orders set user_id = null
from erased
where staged_orders.version = erased.version;

-- name: await_orders
-- Wait until every order that is just being landed is committed; until the end of this transaction none is landed.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

-- name: lock_archive
-- Share the lock of the archive from reading the erasure records until the page is stored.
select pg_advisory_xact_lock_shared(hashtextextended('aisle archive', 0));

-- name: await_archive
-- Wait until every page is stored whose writer may not have seen the erasure records committed by now.
select pg_advisory_xact_lock(hashtextextended('aisle archive', 0));
