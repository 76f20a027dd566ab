-- What an earlier try of the same run counted.
delete from ops.refusals
where run_key = %(run_key)s
