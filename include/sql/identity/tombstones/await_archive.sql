-- Until every page is stored whose reader may not have seen the tombstones that are committed by now.
select pg_advisory_xact_lock(hashtextextended('aisle archive', 0))
