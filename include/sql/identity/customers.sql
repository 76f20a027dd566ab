-- name: create
-- One row per person. user_id is the keyed hash that stands for the person everywhere else; seen_at is the time of the
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
-- What the changed orders of a window tell about people: the newest word that says something wins, column by column.
-- Runs after raw/company__orders/merge, in its transaction and under its lock.
with told as (
    select
        people.user_id,
        array_agg(people.name order by people.seen_at desc, people.version desc)
        filter (where people.name is not null) as names,
        array_agg(people.phone order by people.seen_at desc, people.version desc)
        filter (where people.phone is not null) as phones,
        array_agg(people.email order by people.seen_at desc, people.version desc)
        filter (where people.email is not null) as emails,
        array_agg(people.address order by people.seen_at desc, people.version desc)
        filter (where people.address is not null) as addresses,
        max(people.seen_at) as seen_at
    from staged_people as people
    inner join changed_orders on changed_orders.version = people.version
    group by people.user_id
),

newest as (
    select
        told.user_id,
        coalesce(case when age.is_news then told.names[1] end, known.name, told.names[1]) as name,
        coalesce(case when age.is_news then told.phones[1] end, known.phone, told.phones[1]) as phone,
        coalesce(case when age.is_news then told.emails[1] end, known.email, told.emails[1]) as email,
        coalesce(case when age.is_news then told.addresses[1] end, known.address, told.addresses[1]) as address,
        greatest(told.seen_at, known.seen_at) as seen_at
    from told
    left join identity.customers as known on told.user_id = known.user_id
    cross join lateral (select (told.seen_at < known.seen_at) is not true as is_news) as age
)

insert into identity.customers as known (user_id, name, phone, email, address, seen_at)
select user_id, name, phone, email, address, seen_at
from newest
on conflict (user_id) do update set
    name = excluded.name,
    phone = excluded.phone,
    email = excluded.email,
    address = excluded.address,
    seen_at = excluded.seen_at
where known is distinct from excluded;
