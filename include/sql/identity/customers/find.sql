-- Every user who has one of the marks of a person.
select
    user_id,
    phone,
    email
from identity.customers
where user_id = any(%(user_ids)s) or phone = %(phone)s or email = %(email)s
