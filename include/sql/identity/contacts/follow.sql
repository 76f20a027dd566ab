-- One step from what is known of a person: who has one of these hashes, and all hashes that those were told with.
-- A contact that more users have than one person could be, such as a cashier's phone, leads nowhere; nor does a user id
-- that stands for more contacts of a kind than one person has.
with shared_contacts as (
    select contact_hash
    from identity.contacts
    where contact_hash = any(%(user_ids)s)
    group by contact_hash
    having count(*) > %(most_links)s
),

reached as (
    select distinct user_id
    from identity.contacts
    where
        (contact_hash = any(%(user_ids)s) or user_id = any(%(user_ids)s))
        and contact_hash not in (select shared_contacts.contact_hash from shared_contacts)
),

crowds as (
    select distinct user_id
    from (
        select
            contacts.user_id,
            count(*) as n_contacts
        from identity.contacts
        inner join reached on contacts.user_id = reached.user_id
        group by contacts.user_id, contacts.kind
    ) as kinds
    where n_contacts > %(most_links)s
)

select
    reached.user_id,
    true as is_identity,
    crowds.user_id is not null as is_shared
from reached
left join crowds on reached.user_id = crowds.user_id
union all
select
    contact_hash as user_id,
    false as is_identity,
    true as is_shared
from shared_contacts
union all
select distinct
    contacts.contact_hash as user_id,
    false as is_identity,
    false as is_shared
from identity.contacts
inner join reached on contacts.user_id = reached.user_id
where
    reached.user_id not in (select crowds.user_id from crowds)
    and contacts.contact_hash not in (select shared_contacts.contact_hash from shared_contacts)
