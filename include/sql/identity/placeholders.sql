-- name: create
-- One row per contact that was taken for a placeholder, because it was written for more people than could share it:
-- what a till sends for everybody. It is nobody's identity. contact_hash as in identity.contacts. Set is_placeholder to
-- false to vouch for a contact that really is one person's; insert one, such as the phone of a family, to split those
-- whom it joins. The next window that ingest lands makes it so. n_people: for how many it was written when it was
-- found, null if somebody inserted it. is_settled: whether records are apart by now.
create table if not exists identity.placeholders (
    contact_hash text primary key,
    is_placeholder boolean not null default true,
    found_at timestamptz not null default now()
);

alter table identity.placeholders add column if not exists n_people bigint;
alter table identity.placeholders add column if not exists is_settled boolean not null default false;

-- name: find
-- Contacts that stand for more people than could share them join nobody. Who a contact was written for: by name; by
-- e-mail or phone; and by the source's id only where nobody has a name, because a guest has another id in each order.
-- Runs after identity/records/merge, and counts what all windows so far have told.
with touched as (
    select distinct record_contacts.contact_hash
    from touched_records
    inner join identity.record_contacts on touched_records.record_id = record_contacts.record_id
    where not exists (
        select from identity.placeholders
        where placeholders.contact_hash = record_contacts.contact_hash
    )
),

told as materialized (
    select
        touched.contact_hash,
        contacts.kind,
        contacts.record_id,
        coalesce(records.name_hash, lower(records.name)) as name
    from touched
    inner join identity.record_contacts as contacts on touched.contact_hash = contacts.contact_hash
    inner join identity.records on contacts.record_id = records.record_id
),

named as (
    select distinct contact_hash
    from told
    where name is not null
),

companions as (
    select
        contact_hash,
        'name' as kind,
        name as companion
    from told
    where name is not null
    union
    select
        told.contact_hash,
        others.kind,
        others.contact_hash as companion
    from told
    inner join identity.record_contacts as others on told.record_id = others.record_id
    where told.kind <> others.kind
),

crowds as (
    select
        companions.contact_hash,
        count(*) as n_people
    from companions
    left join named on companions.contact_hash = named.contact_hash
    where companions.kind <> 'source_id' or named.contact_hash is null
    group by companions.contact_hash, companions.kind
    having count(*) > %(max_people_per_contact)s  -- noqa: RF02
)

insert into identity.placeholders (contact_hash, n_people)
select
    contact_hash,
    max(n_people) as n_people
from crowds
group by contact_hash
on conflict (contact_hash) do nothing;

delete from identity.contacts
using identity.placeholders
where
    placeholders.is_placeholder
    and not placeholders.is_settled
    and placeholders.contact_hash in (contacts.user_id, contacts.contact_hash);

-- name: set_aside
-- The people of a window without their placeholders: they are known by their other contacts, or are walk-ins.
update staged_people as people set
    user_id = coalesce(usable.phone_hash, usable.email_hash, usable.source_id_hash, ''),
    phone = case when usable.phone_hash is not null then people.phone end,
    email = case when usable.email_hash is not null then people.email end,
    phone_hash = usable.phone_hash,
    email_hash = usable.email_hash,
    source_id_hash = usable.source_id_hash
from (
    select
        staged.version,
        case when phones.contact_hash is null then staged.phone_hash end as phone_hash,
        case when emails.contact_hash is null then staged.email_hash end as email_hash,
        case when source_ids.contact_hash is null then staged.source_id_hash end as source_id_hash
    from staged_people as staged
    left join identity.placeholders as phones
        on staged.phone_hash = phones.contact_hash and phones.is_placeholder
    left join identity.placeholders as emails
        on staged.email_hash = emails.contact_hash and emails.is_placeholder
    left join identity.placeholders as source_ids
        on staged.source_id_hash = source_ids.contact_hash and source_ids.is_placeholder
    where coalesce(phones.contact_hash, emails.contact_hash, source_ids.contact_hash) is not null
) as usable
where people.version = usable.version;

delete from staged_people
where user_id = '';
