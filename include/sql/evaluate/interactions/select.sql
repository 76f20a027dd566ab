-- The interactions of the export, but only those before the hold-out: what the twin may learn from.
select
    user_id as "USER_ID",
    item_id as "ITEM_ID",
    event_type as "EVENT_TYPE",
    event_value as "EVENT_VALUE",
    timestamp as "TIMESTAMP"
from personalize.interactions
where to_timestamp(timestamp) < %(starts_at)s
order by user_id collate "C", item_id collate "C", timestamp, event_type collate "C", event_value
