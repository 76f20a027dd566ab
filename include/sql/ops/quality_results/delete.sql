-- What an earlier try of the same run wrote for one suite.
delete from ops.quality_results
where run_key = %(run_key)s and suite = %(suite)s
