-- One row per reason: how many lines were not loaded because of it.
select
    reason,
    sum(n_lines)::bigint as n_lines
from raw.company__rejects
group by reason
order by n_lines desc, reason
