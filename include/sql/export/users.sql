-- name: select
-- The users mart in the order of its CSV. Sorted by its key, in byte order: equal data, equal bytes.
select
    users.user_id as "USER_ID",
    users.age as "AGE",
    users.gender as "GENDER",
    users.location as "LOCATION"
from {users} as users
order by users.user_id collate "C";

-- name: violations
-- One row per value that Personalize would refuse. Only the key must have a value; it is named by its beginning only.
with violations as (
    select
        'USER_ID' as column_name,
        users.user_id,
        length(coalesce(users.user_id, '')) as n_characters,
        1 as min_characters,
        %(max_id_length)s as max_characters
    from {users} as users
    union all
    select
        'GENDER' as column_name,
        users.user_id,
        length(users.gender) as n_characters,
        0 as min_characters,
        %(max_categorical_length)s as max_characters
    from {users} as users
    union all
    select
        'LOCATION' as column_name,
        users.user_id,
        length(users.location) as n_characters,
        0 as min_characters,
        %(max_categorical_length)s as max_characters
    from {users} as users
)

select
    column_name,
    concat('USER_ID beginning with ', left(user_id, 8)) as row_name,
    n_characters,
    max_characters
from violations
where n_characters not between min_characters and max_characters
order by user_id, column_name
limit 5;
