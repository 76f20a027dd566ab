-- name: select
-- The interactions mart in the order of its CSV. Sorted by every column, in byte order: equal data, equal bytes.
select
    interactions.user_id as "USER_ID",
    interactions.item_id as "ITEM_ID",
    interactions.event_type as "EVENT_TYPE",
    interactions.event_value as "EVENT_VALUE",
    interactions.timestamp as "TIMESTAMP"
from {interactions} as interactions
order by
    interactions.user_id collate "C",
    interactions.item_id collate "C",
    interactions.timestamp,
    interactions.event_type collate "C",
    interactions.event_value;

-- name: violations
-- One row per value that Personalize would refuse. The row is named without its user.
with suspects as (
    select
        interactions.*,
        concat('ITEM_ID ', left(interactions.item_id, 40), ' at ', interactions.timestamp) as row_name
    from {interactions} as interactions
    where (
        length(user_id) between 1 and %(max_id_length)s
        and length(item_id) between 1 and %(max_id_length)s
        and length(event_type) between 1 and %(max_id_length)s
    ) is not true
),

violations as (
    select
        'USER_ID' as column_name,
        row_name,
        length(user_id) as n_characters
    from suspects
    union all
    select
        'ITEM_ID' as column_name,
        row_name,
        length(item_id) as n_characters
    from suspects
    union all
    select
        'EVENT_TYPE' as column_name,
        row_name,
        length(event_type) as n_characters
    from suspects
)

select
    column_name,
    row_name,
    n_characters,
    %(max_id_length)s as max_characters
from violations
where (n_characters between 1 and %(max_id_length)s) is not true
order by row_name, column_name
limit 5;
