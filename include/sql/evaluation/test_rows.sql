-- name: interactions
-- The interactions of the export from the hold-out: what a model that has not seen them is tested by.
select
    interactions.user_id as "USER_ID",
    interactions.item_id as "ITEM_ID",
    interactions.event_type as "EVENT_TYPE",
    interactions.event_value as "EVENT_VALUE",
    interactions.timestamp as "TIMESTAMP"
from {interactions} as interactions
where to_timestamp(interactions.timestamp) >= %(starts_at)s
order by
    interactions.user_id collate "C",
    interactions.item_id collate "C",
    interactions.timestamp,
    interactions.event_type collate "C",
    interactions.event_value;
