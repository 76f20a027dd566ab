insert into ops.quality_results (
    run_key, suite, severity, check_id, expectation, column_name, is_met, observed, n_unexpected
)
values (
    %(run_key)s,
    %(suite)s,
    %(severity)s,
    %(check_id)s,
    %(expectation)s,
    %(column_name)s,
    %(is_met)s,
    %(observed)s,
    %(n_unexpected)s
)
