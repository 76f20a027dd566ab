-- name: create
-- One row per person who asked to be forgotten. What tells who they are is here only until they are: it is blanked
-- when the request is done. user_ids are the ids that they were found to have: of each identity, and of each contact.
create table if not exists identity.erasure_requests (
    request_id text primary key default gen_random_uuid()::text,
    phone text,
    email text,
    source text,
    source_id text,
    user_id text,
    state text not null default 'waiting' check (state in ('waiting', 'erased')),
    user_ids text[],
    requested_at timestamptz not null default now(),
    erased_at timestamptz,
    check (state = 'erased' or coalesce(phone, email, source_id, user_id) is not null),
    check ((source is null) = (source_id is null))
);

alter table identity.erasure_requests drop column if exists marks;

-- removed_rows: of each try of the request, how many rows by table it removed.
alter table identity.erasure_requests add column if not exists removed_rows jsonb not null default '[]';

-- name: insert
insert into identity.erasure_requests (phone, email, source, source_id, user_id)
values (%(phone)s, %(email)s, %(source)s, %(source_id)s, %(user_id)s)
returning request_id;

-- name: select
select
    state,
    phone,
    email,
    source,
    source_id,
    user_id,
    user_ids
from identity.erasure_requests
where request_id = %(request_id)s;

-- name: add_erasures
-- From here on no order of before brings these users back: ingest looks here under the same lock.
-- So does serving, for events.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));
select pg_advisory_xact_lock(hashtextextended('aisle serving events', 0));

insert into identity.erasures (user_hash, erased_at)
select
    identity.user_hash(user_id),
    clock_timestamp()
from unnest(%(user_ids)s::text[]) as user_id
on conflict (user_hash) do update set erased_at = excluded.erased_at;

update identity.erasure_requests set user_ids = %(user_ids)s
where request_id = %(request_id)s;

-- name: count_rows
-- Add the rows that a try has removed, by table; in the transaction that removes them.
update identity.erasure_requests set removed_rows = removed_rows || %(removed_rows)s::jsonb
where request_id = %(request_id)s;

-- name: await_erasures
-- Wait until every erasure that has begun is committed; until the end of this transaction none begins.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

-- name: finish
update identity.erasure_requests set
    phone = null,
    email = null,
    source = null,
    source_id = null,
    user_id = null,
    user_ids = null,
    state = 'erased',
    erased_at = clock_timestamp()
where request_id = %(request_id)s;
