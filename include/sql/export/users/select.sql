-- The users mart in the order of its CSV. Sorted by its key, in byte order: equal data, equal bytes.
select
    user_id as "USER_ID",
    age as "AGE",
    gender as "GENDER",
    location as "LOCATION"
from personalize.users
order by user_id collate "C"
