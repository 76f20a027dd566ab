-- Everything that was done under one run key, in the order in which it ended.
select
    leg,
    subject,
    rows_in,
    rows_out,
    bytes,
    seconds,
    details,
    finished_at
from ops.receipts
where run_key = %(key)s
order by finished_at asc, leg asc, subject asc
limit 200
