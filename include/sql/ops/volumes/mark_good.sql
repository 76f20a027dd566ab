-- The gate has passed: later runs are compared with this one.
update ops.volumes set is_good = true
where boundary = %(boundary)s and dataset_group = %(dataset_group)s and run_key = %(run_key)s
