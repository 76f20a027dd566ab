-- name: create
-- One row per person and contact in any order ever: what an erasure follows from one identity of a
-- person to the next, also where identity.customers has a newer contact. contact_hash is the user id of a person of
-- whom only this contact is known, so both columns are of one kind.
create table if not exists identity.contacts (
    user_id text not null,
    kind text not null check (kind in ('phone', 'email', 'source_id')),
    contact_hash text not null,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    primary key (user_id, contact_hash)
);

create index if not exists contacts_contact_hash on identity.contacts (contact_hash);

-- name: insert
insert into identity.contacts (user_id, kind, contact_hash)
values (%(user_id)s, %(kind)s, %(contact_hash)s)
on conflict (user_id, contact_hash) do nothing;

-- name: merge
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
where known.first_seen_at > excluded.first_seen_at or known.last_seen_at < excluded.last_seen_at;

-- name: of_customers
-- Customers from before contacts were kept.
select
    customers.user_id,
    customers.phone,
    customers.email
from identity.customers
where
    coalesce(customers.phone, customers.email) is not null
    and not exists (
        select from identity.contacts
        where contacts.user_id = customers.user_id
    );

-- name: follow
-- One step from a person's known hashes: who has one of them, and all hashes of those people.
-- A contact that more users have than one person could be, such as a cashier's phone, leads nowhere; nor does a user id
-- that stands for more contacts of a kind than one person has. Both only where identity.links does not say whose they
-- are: a customer may have any number of a source's ids.
with shared_contacts as (
    select contact_hash
    from identity.contacts
    where
        contact_hash = any(%(user_ids)s)
        and not exists (
            select from identity.links
            where links.contact_hash = contacts.contact_hash and links.is_joining
        )
    group by contact_hash
    having count(*) > %(most_links)s
),

reached as (
    select distinct user_id
    from identity.contacts
    where
        (contact_hash = any(%(user_ids)s) or user_id = any(%(user_ids)s))
        and contact_hash not in (select shared_contacts.contact_hash from shared_contacts)
),

crowds as (
    select distinct user_id
    from (
        select
            contacts.user_id,
            count(*) as n_contacts
        from identity.contacts
        inner join reached on contacts.user_id = reached.user_id
        group by contacts.user_id, contacts.kind
    ) as kinds
    where
        n_contacts > %(most_links)s
        and not exists (
            select from identity.links
            where links.contact_hash = kinds.user_id and links.is_joining
        )
)

select
    reached.user_id,
    true as is_identity,
    crowds.user_id is not null as is_shared
from reached
left join crowds on reached.user_id = crowds.user_id
union all
select
    contact_hash as user_id,
    false as is_identity,
    true as is_shared
from shared_contacts
union all
select distinct
    contacts.contact_hash as user_id,
    false as is_identity,
    false as is_shared
from identity.contacts
inner join reached on contacts.user_id = reached.user_id
where
    reached.user_id not in (select crowds.user_id from crowds)
    and contacts.contact_hash not in (select shared_contacts.contact_hash from shared_contacts)
union all
-- What newer phone libraries make of a number, and the number that was kept.
select
    unnest(array[written_hash, contact_hash]) as user_id,
    false as is_identity,
    false as is_shared
from identity.phone_forms
where is_number and (written_hash = any(%(user_ids)s) or contact_hash = any(%(user_ids)s))
union all
-- The customer of these contacts, under whose id everything is, and all contacts of that customer.
select distinct
    user_id,
    false as is_identity,
    false as is_shared
from identity.links
where contact_hash = any(%(user_ids)s) and is_joining
union all
select distinct
    joined.contact_hash as user_id,
    false as is_identity,
    false as is_shared
from identity.links
inner join identity.links as joined on links.user_id = joined.user_id
where links.contact_hash = any(%(user_ids)s) and links.is_joining and joined.is_joining;
