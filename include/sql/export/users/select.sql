-- The users mart in the order of its CSV. Sorted by its key, in byte order: equal data, equal bytes.
select
    users.user_id as "USER_ID",
    users.age as "AGE",
    users.gender as "GENDER",
    users.location as "LOCATION"
from {users} as users
order by users.user_id collate "C"
