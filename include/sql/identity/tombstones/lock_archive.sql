-- Held by whoever looks at the tombstones and then stores a page, until it is stored.
select pg_advisory_xact_lock_shared(hashtextextended('aisle archive', 0))
