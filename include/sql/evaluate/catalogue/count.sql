-- How many items a model could know: those bought before the hold-out.
select count(distinct interactions.item_id)
from {interactions} as interactions
where to_timestamp(interactions.timestamp) < %(starts_at)s
