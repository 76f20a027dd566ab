-- One row: where the hold-out begins and ends, and what lies before it. The newest interaction is its last second.
with newest as (
    select
        max(interactions.timestamp) - %(hold_out_days)s * 86400 + 1 as starts,
        max(interactions.timestamp) as ends
    from {interactions} as interactions
)

select
    to_timestamp(min(newest.starts)) as starts_at,
    to_timestamp(min(newest.ends)) as ends_at,
    count(*) filter (where interactions.timestamp < newest.starts) as n_interactions_before
from {interactions} as interactions
cross join newest
