-- name: interactions
-- The interactions of the export, but only those before the hold-out: what the twin may learn from.
select
    interactions.user_id as "USER_ID",
    interactions.item_id as "ITEM_ID",
    interactions.event_type as "EVENT_TYPE",
    interactions.event_value as "EVENT_VALUE",
    interactions.timestamp as "TIMESTAMP"
from {interactions} as interactions
where to_timestamp(interactions.timestamp) < %(starts_at)s
order by
    interactions.user_id collate "C",
    interactions.item_id collate "C",
    interactions.timestamp,
    interactions.event_type collate "C",
    interactions.event_value;

-- name: items
-- The items of the export that were there before the hold-out.
select
    items.item_id as "ITEM_ID",
    items.product_name as "PRODUCT_NAME",
    items.category as "CATEGORY",
    items.price as "PRICE",
    items.creation_timestamp as "CREATION_TIMESTAMP"
from {items} as items
where to_timestamp(items.creation_timestamp) < %(starts_at)s
order by items.item_id collate "C";

-- name: users
-- The users of the export who had done anything before the hold-out.
select
    user_id as "USER_ID",
    age as "AGE",
    gender as "GENDER",
    location as "LOCATION"
from {users} as users
where
    exists (
        select
        from {interactions} as interactions
        where
            interactions.user_id = users.user_id
            and to_timestamp(interactions.timestamp) < %(starts_at)s  -- noqa: RF02
    )
order by user_id collate "C";
