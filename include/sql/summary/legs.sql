-- One row per leg: the rows that its receipts since a moment speak of.
select
    leg,
    sum(coalesce(rows_out, 0))::bigint as n_rows
from ops.receipts
where finished_at >= %(since)s
group by leg
