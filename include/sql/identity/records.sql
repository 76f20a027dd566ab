-- name: create
-- One row per record: what orders say of one customer in the same words, that is, with the same name, phone, e-mail and
-- id of the source. record_id is a hash of these. Records that share a contact are one customer, whom user_id names;
-- a record without user_id is nobody's, because it has placeholders only, and its name and contacts are not kept.
-- first_*: the earliest order that said so, in any version. user_id follows from the rows of these tables and from
-- identity.placeholders, not from the order in which they came (orders/settle).
create table if not exists identity.records (
    record_id text primary key,
    user_id text,
    name_hash text,
    name text,
    phone text,
    email text,
    address text,
    first_seen_at timestamptz not null,
    first_source text not null,
    first_order_number text,
    seen_at timestamptz not null
);

create index if not exists records_user_id on identity.records (user_id);

-- Write users' new ids over their old ones in every table that neither an order nor dbt decides: lists, events and
-- what serving keeps. Where the new id has such a row already, that one stays.
create or replace function identity.rename_users(old_ids text[], new_ids text[]) returns void language plpgsql as $$
declare
    held regclass;
    old_row tid;
    new_id text;
begin
    for held in
        select pg_class.oid
        from pg_class
        inner join pg_attribute as user_id on user_id.attrelid = pg_class.oid
        where
            pg_class.relkind = 'r'
            and pg_class.relpersistence <> 't'
            and user_id.attname = 'user_id'
            and pg_class.relnamespace::regnamespace::text not in (
                'identity', 'raw', 'staging', 'intermediate', 'core', 'personalize', 'features'
            )
        order by pg_class.oid::regclass::text
    loop
        for old_row, new_id in
            execute format(
                'select held.ctid, renamed.new_id from %s as held
                inner join unnest($1, $2) as renamed (old_id, new_id) on held.user_id = renamed.old_id for update of held',
                held
            ) using old_ids, new_ids
        loop
            begin
                execute format('update %s set user_id = $1 where ctid = $2', held) using new_id, old_row;
            exception when unique_violation then
                execute format('delete from %s where ctid = $1', held) using old_row;
            end;
        end loop;
    end loop;
end
$$;

-- name: adopt
-- Customers of a warehouse from before records were kept: each is one record, with all contacts that are known.
with known as (
    select distinct on (user_id)
        user_id,
        ordered_at,
        source,
        order_number
    from raw.company__orders
    where user_id is not null and not exists (select from identity.records)
    order by user_id, ordered_at, source, order_id
),

adopted as (
    insert into identity.records (
        record_id, user_id, name, phone, email, address, first_seen_at, first_source, first_order_number, seen_at
    )
    select
        known.user_id as record_id,
        known.user_id,  -- noqa: AL08
        customers.name,
        customers.phone,
        customers.email,
        customers.address,
        known.ordered_at,
        known.source,
        known.order_number,
        coalesce(customers.seen_at, known.ordered_at)
    from known
    left join identity.customers on known.user_id = customers.user_id
    returning record_id, phone, email
),

contacts as (
    insert into identity.record_contacts (record_id, kind, contact_hash)
    select
        adopted.record_id,
        case
            when adopted.phone is not null then 'phone' when adopted.email is not null then 'email' else 'source_id'
        end as kind,
        adopted.record_id as contact_hash
    from adopted
    union
    select
        adopted.record_id,
        contacts.kind,
        contacts.contact_hash
    from adopted
    inner join identity.contacts on adopted.record_id = contacts.user_id
    where contacts.contact_hash <> adopted.record_id
    on conflict do nothing
)

insert into identity.order_records (source, order_id, record_id)
select
    source,
    order_id,
    user_id as record_id
from raw.company__orders
where user_id in (select adopted.record_id from adopted)
on conflict do nothing;

-- name: merge
-- The records of a window's orders. touched_records are those that are new, or whose first order is another one now.
create temp table staged_records on commit drop as
select
    people.version,
    encode(
        sha256(
            convert_to(
                concat_ws(
                    '|', coalesce(people.name_hash, '-'), coalesce(people.phone_hash, '-'),
                    coalesce(people.email_hash, '-'), coalesce(people.source_id_hash, '-')
                ),
                'utf8'
            )
        ),
        'hex'
    ) as record_id,
    people.name_hash,
    people.name,
    people.phone,
    people.email,
    people.address,
    people.seen_at,
    people.phone_hash,
    people.email_hash,
    people.source_id_hash,
    orders.order_number,
    orders.ordered_at
from staged_people as people
inner join staged_orders as orders on people.version = orders.version;

analyze staged_records;

create temp table touched_records on commit drop as
select staged.record_id
from staged_records as staged
left join identity.records as known on staged.record_id = known.record_id
group by staged.record_id, known.first_seen_at
having known.first_seen_at is null or min(staged.ordered_at) < known.first_seen_at;

analyze touched_records;

insert into identity.records as known (
    record_id, name_hash, name, phone, email, address, first_seen_at, first_source, first_order_number, seen_at
)
select
    record_id,
    name_hash,
    (array_agg(name order by seen_at desc, version desc))[1] as name,
    max(phone) as phone,
    max(email) as email,
    (array_agg(address order by seen_at desc, version desc) filter (where address is not null))[1] as address,
    min(ordered_at) as first_seen_at,
    %(source)s as first_source,
    (array_agg(order_number order by ordered_at, order_number))[1] as first_order_number,
    max(seen_at) as seen_at
from staged_records
group by record_id, name_hash
on conflict (record_id) do update set
    name = case when excluded.seen_at >= known.seen_at then excluded.name else known.name end,
    phone = coalesce(excluded.phone, known.phone),
    email = excluded.email,
    address = case
        when excluded.seen_at >= known.seen_at then coalesce(excluded.address, known.address)
        else coalesce(known.address, excluded.address)
    end,
    first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
    first_source = case
        when excluded.first_seen_at < known.first_seen_at then excluded.first_source else known.first_source
    end,
    first_order_number = case
        when excluded.first_seen_at < known.first_seen_at
            then excluded.first_order_number
        else known.first_order_number
    end,
    seen_at = greatest(known.seen_at, excluded.seen_at)
where
excluded.first_seen_at < known.first_seen_at
or excluded.seen_at > known.seen_at
or (
    known.user_id is not null
    and (
        known.phone is distinct from coalesce(excluded.phone, known.phone)
        or known.email is distinct from excluded.email
        or (
            excluded.seen_at = known.seen_at
            and (
                known.name is distinct from excluded.name
                or known.address is distinct from coalesce(excluded.address, known.address)
            )
        )
    )
);

insert into identity.record_contacts (record_id, kind, contact_hash)
select distinct
    staged.record_id,
    contacts.kind,
    contacts.contact_hash
from staged_records as staged
inner join touched_records on staged.record_id = touched_records.record_id
cross join
    lateral (
        values ('phone', staged.phone_hash), ('email', staged.email_hash), ('source_id', staged.source_id_hash)
    ) as contacts (kind, contact_hash)
where contacts.contact_hash is not null
on conflict do nothing;

-- name: find_affected
-- All records whose customer may be another one now: those touched, those that share a contact with them or have one
-- that has become, or is no longer, a placeholder; and all other records of the customers of these.
create temp table affected_records on commit drop as
with contacts as (
    select links.contact_hash
    from touched_records
    inner join identity.links on touched_records.record_id = links.record_id
    where links.is_joining
    union
    select contact_hash
    from identity.placeholders
    where is_placeholder is distinct from is_settled
),

reached as (
    select
        records.record_id,
        records.user_id
    from contacts
    inner join identity.record_contacts on contacts.contact_hash = record_contacts.contact_hash
    inner join identity.records on record_contacts.record_id = records.record_id
)

select record_id from touched_records
union
select record_id from reached
union
select records.record_id
from identity.records
where records.user_id in (select reached.user_id from reached);

analyze affected_records;

update identity.placeholders set is_settled = is_placeholder
where is_settled is distinct from is_placeholder;

create temp table settled_records (record_id text primary key, user_id text not null) on commit drop;

-- name: affected_links
-- Which contacts join which of these records, the first to be seen first, and of one order the strongest first.
select
    links.record_id,
    links.contact_hash
from affected_records
inner join identity.links on affected_records.record_id = links.record_id
where links.is_joining
order by
    links.first_seen_at,
    case links.kind when 'phone' then 1 when 'email' then 2 else 3 end,
    links.contact_hash;

-- name: settle
-- Give records, and the orders that have them, the customers that were found (settled_records).
create temp table changed_records on commit drop as
select
    records.record_id,
    records.user_id as old_user_id,
    settled.user_id
from affected_records
inner join identity.records on affected_records.record_id = records.record_id
left join settled_records as settled on affected_records.record_id = settled.record_id
where records.user_id is distinct from settled.user_id;

analyze changed_records;

update identity.records set user_id = changed.user_id
from changed_records as changed
where records.record_id = changed.record_id;

update raw.company__orders as orders set user_id = changed.user_id
from changed_records as changed
inner join identity.order_records on changed.record_id = order_records.record_id
where
    orders.source = order_records.source
    and orders.order_id = order_records.order_id
    and orders.user_id is distinct from changed.user_id;

update staged_orders set user_id = records.user_id
from staged_records as staged
inner join identity.records on staged.record_id = records.record_id
where staged_orders.version = staged.version and staged_orders.user_id is distinct from records.user_id;

-- What orders say of nobody is not kept.
update identity.records set name = null, phone = null, email = null, address = null
where
    user_id is null
    and coalesce(name, phone, email, address) is not null
    and (
        record_id in (select staged_records.record_id from staged_records)
        or record_id in (select changed_records.record_id from changed_records)
    );

-- name: assign_orders
-- Which record the stored version of each order of the window has. Runs after raw/company__orders/merge.
create temp table assigned_orders on commit drop as
select distinct on (readable.order_id)
    readable.order_id,
    staged.record_id
from readable_orders as readable
inner join raw.company__orders as stored
    on
        stored.source = %(source)s
        and readable.order_id = stored.order_id
        and readable.content_hash = stored.content_hash
left join staged_records as staged on readable.version = staged.version
order by readable.order_id, readable.version desc;

insert into identity.order_records as known (source, order_id, record_id)
select
    %(source)s as source,
    order_id,
    record_id
from assigned_orders
where record_id is not null
on conflict (
    source, order_id) do update set record_id = excluded.record_id
where known.record_id <> excluded.record_id;

delete from identity.order_records
using assigned_orders
where
    order_records.source = %(source)s
    and order_records.order_id = assigned_orders.order_id
    and assigned_orders.record_id is null;

-- name: rename_users
-- Ids that a customer had before they were joined with another one: what is kept under them becomes theirs.
select identity.rename_users(array_agg(renamed.old_user_id), array_agg(renamed.user_id))
from (
    select
        old_user_id,
        identity.customer_of(old_user_id) as user_id
    from changed_records
    where old_user_id is not null
    group by old_user_id
) as renamed
where renamed.user_id <> renamed.old_user_id
having count(*) > 0;
