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
order by user_id collate "C"
