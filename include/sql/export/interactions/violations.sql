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
limit 5
