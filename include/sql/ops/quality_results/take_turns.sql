-- Until the end of the transaction nobody else writes results of this run key: exports of several groups share one.
select pg_advisory_xact_lock(hashtext('aisle: quality of ' || %(run_key)s))
