-- How many users and items a run asks recommendations for, of a group.
select
    kinds.kind || ' asked' as measure,
    receipts.rows_out as value
from unnest(array['users', 'items']) as kinds (kind)
inner join ops.receipts on receipts.subject = %(prefix)s || kinds.kind || '-input'
where receipts.leg = 'recommend' and receipts.run_key = %(run_key)s
