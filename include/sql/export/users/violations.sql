-- One row per value that Personalize would refuse. Only the key must have a value; it is named by its beginning only.
with violations as (
    select
        'USER_ID' as column_name,
        user_id,
        length(coalesce(user_id, '')) as n_characters,
        1 as min_characters,
        %(max_id_length)s as max_characters
    from personalize.users
    union all
    select
        'GENDER' as column_name,
        user_id,
        length(gender) as n_characters,
        0 as min_characters,
        %(max_categorical_length)s as max_characters
    from personalize.users
    union all
    select
        'LOCATION' as column_name,
        user_id,
        length(location) as n_characters,
        0 as min_characters,
        %(max_categorical_length)s as max_characters
    from personalize.users
)

select
    column_name,
    concat('USER_ID beginning with ', left(user_id, 8)) as row_name,
    n_characters,
    max_characters
from violations
where n_characters not between min_characters and max_characters
order by user_id, column_name
limit 5
