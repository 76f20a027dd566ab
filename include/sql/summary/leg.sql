-- One row: how many rows the receipts of a group's leg since a moment say it has written.
select coalesce(sum(rows_out), 0)::bigint as n_rows
from ops.receipts
where
    leg = %(leg)s
    and finished_at >= %(since)s
    and %(dataset_group)s = case  -- noqa: RF02
        when split_part(subject, '/', 1) = any(%(further_groups)s::text[]) then split_part(subject, '/', 1)
        else %(first_group)s
    end
