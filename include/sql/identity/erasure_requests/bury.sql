-- From here on no order of before brings these users back: ingest looks here under the same lock.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

insert into identity.tombstones (user_hash, erased_at)
select
    identity.user_hash(user_id),
    clock_timestamp()
from unnest(%(user_ids)s::text[]) as user_id
on conflict (user_hash) do update set erased_at = excluded.erased_at;

update identity.erasure_requests set user_ids = %(user_ids)s
where request_id = %(request_id)s;
