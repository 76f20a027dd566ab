-- The interactions mart in the order of its CSV. Sorted by every column, in byte order: equal data, equal bytes.
select
    user_id as "USER_ID",
    item_id as "ITEM_ID",
    event_type as "EVENT_TYPE",
    event_value as "EVENT_VALUE",
    timestamp as "TIMESTAMP"
from personalize.interactions
order by user_id collate "C", item_id collate "C", timestamp, event_type collate "C", event_value
