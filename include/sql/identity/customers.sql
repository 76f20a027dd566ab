-- name: create
-- One row per customer. user_id is the keyed hash that stands for them everywhere else; seen_at is the time of the
-- newest order that names them.
create table if not exists identity.customers (
    user_id text primary key,
    name text,
    phone text,
    email text,
    address text,
    seen_at timestamptz
);

-- name: merge
-- Customers whom a window's orders name, or whose records have another customer now: of each column the newest record
-- that has it. Runs after identity/records/settle, in its transaction.
create temp table touched_customers on commit drop as
select records.user_id
from staged_records as staged
inner join identity.records on staged.record_id = records.record_id
where records.user_id is not null
union
select user_id
from changed_records
where user_id is not null
union
select old_user_id as user_id
from changed_records
where old_user_id is not null;

analyze touched_customers;

create temp table newest_customers on commit drop as
with usable as (
    select
        records.user_id,
        records.record_id,
        records.seen_at,
        records.name,
        records.address,
        case when contacts.has_phone then records.phone end as phone,
        case when contacts.has_email then records.email end as email
    from touched_customers
    inner join identity.records on touched_customers.user_id = records.user_id
    cross join lateral (
        select
            bool_or(links.kind = 'phone') as has_phone,
            bool_or(links.kind = 'email') as has_email
        from identity.links
        where links.record_id = records.record_id and links.is_joining
    ) as contacts
)

select
    user_id,
    (array_agg(name order by seen_at desc, record_id) filter (where name is not null))[1] as name,
    (array_agg(phone order by seen_at desc, record_id) filter (where phone is not null))[1] as phone,
    (array_agg(email order by seen_at desc, record_id) filter (where email is not null))[1] as email,
    (array_agg(address order by seen_at desc, record_id) filter (where address is not null))[1] as address,
    max(seen_at) as seen_at
from usable
group by user_id;

insert into identity.customers as known (user_id, name, phone, email, address, seen_at)
select user_id, name, phone, email, address, seen_at
from newest_customers
on conflict (user_id) do update set
    name = excluded.name,
    phone = excluded.phone,
    email = excluded.email,
    address = excluded.address,
    seen_at = excluded.seen_at
where known is distinct from excluded;

delete from identity.customers
using touched_customers
where
    customers.user_id = touched_customers.user_id
    and not exists (
        select from newest_customers
        where newest_customers.user_id = customers.user_id
    );
