-- Rows of the CSV files that a run has written for a group.
select
    'rows of ' || names.name as measure,
    exports.n_rows as value
from unnest(array['interactions', 'items', 'users']) as names (name)
inner join ops.exports on exports.dataset = %(prefix)s || names.name
where exports.run_key = %(run_key)s
