-- name: create
-- One row per contact that was taken for a placeholder, because it was written for more people than could share it:
-- what a till sends for everybody. It is nobody's identity. contact_hash as in identity.contacts. Set is_placeholder to
-- false to vouch for a contact that really is one person's; those orders are theirs when they come again.
create table if not exists identity.placeholders (
    contact_hash text primary key,
    is_placeholder boolean not null default true,
    found_at timestamptz not null default now()
);

-- name: set_aside
-- Contacts that stand for more people than could share them are no identity: the people of a window are known by their
-- other contacts, or are walk-ins. Runs before all else that looks at the people of a window, in the same transaction.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

create temp table new_placeholders on commit drop as
with told as materialized (
    select
        people.name,
        contacts.kind,
        contacts.contact_hash,
        others.kind as other_kind,
        others.contact_hash as other_hash
    from staged_people as people
    cross join
        lateral (
            values ('phone', people.phone_hash), ('email', people.email_hash), ('source_id', people.source_id_hash)
        ) as contacts (kind, contact_hash)
    cross join
        lateral (
            values ('phone', people.phone_hash), ('email', people.email_hash), ('source_id', people.source_id_hash)
        ) as others (kind, contact_hash)
    where contacts.contact_hash is not null
),

named as (
    select contact_hash
    from told
    where name is not null
    union
    select user_id as contact_hash
    from identity.customers
    where name is not null and user_id in (select told.contact_hash from told)
),

-- Who a contact was written for: by name; by e-mail or phone; and by the source's id only where nobody has a name,
-- because a guest has another id in each order.
companions as (
    select
        contact_hash,
        'name' as kind,
        lower(name) as companion
    from told
    where name is not null
    union
    select
        contact_hash,
        other_kind as kind,
        other_hash as companion
    from told
    where other_kind <> kind and other_hash is not null
    union
    select
        known.user_id as contact_hash,
        known.kind,
        known.contact_hash as companion
    from identity.contacts as known
    inner join (select distinct contact_hash from told) as staged on known.user_id = staged.contact_hash
    where known.contact_hash <> known.user_id
)

select companions.contact_hash
from companions
left join named on companions.contact_hash = named.contact_hash
where companions.kind <> 'source_id' or named.contact_hash is null
group by companions.contact_hash, companions.kind
having count(*) > %(max_people_per_contact)s;  -- noqa: RF02

insert into identity.placeholders (contact_hash)
select distinct contact_hash from new_placeholders
on conflict (contact_hash) do nothing;

delete from new_placeholders
using identity.placeholders
where placeholders.contact_hash = new_placeholders.contact_hash and not placeholders.is_placeholder;

-- Whoever was made of a placeholder before is nobody; their orders come apart when they are fetched again.
update raw.company__orders set user_id = null
where user_id in (select contact_hash from new_placeholders);

delete from identity.customers
where user_id in (select contact_hash from new_placeholders);

delete from identity.contacts
where user_id in (select contact_hash from new_placeholders) or contact_hash in (
    select contact_hash from new_placeholders
);

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

update staged_orders set user_id = nullif(people.user_id, '')
from staged_people as people
where staged_orders.version = people.version and staged_orders.user_id <> people.user_id;

delete from staged_people
where user_id = '';
