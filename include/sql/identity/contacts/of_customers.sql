-- Customers from before contacts were kept.
select
    customers.user_id,
    customers.phone,
    customers.email
from identity.customers
where
    coalesce(customers.phone, customers.email) is not null
    and not exists (
        select from identity.contacts
        where contacts.user_id = customers.user_id
    )
