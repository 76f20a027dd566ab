-- One row: how many rows the receipts of a leg since a moment say it has written.
select coalesce(sum(rows_out), 0)::bigint as n_rows
from ops.receipts
where
    leg = %(leg)s
    and finished_at >= %(since)s
