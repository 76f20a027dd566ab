-- Until the end of the transaction nobody else makes a cache: two that make the same would both fail.
select pg_advisory_xact_lock(hashtext('aisle: caches'))
