-- name: create
-- The ledger of who is one customer and why: one row per contact and record that has it, with the first order that said
-- so. Contacts that several records of one user_id have join them; a placeholder joins nobody.
create or replace view identity.links as
select
    record_contacts.kind,
    record_contacts.contact_hash,
    record_contacts.record_id,
    records.user_id,
    placeholders.contact_hash is null as is_joining,
    records.first_seen_at,
    records.first_source,
    records.first_order_number
from identity.record_contacts
inner join identity.records on record_contacts.record_id = records.record_id
left join identity.placeholders
    on record_contacts.contact_hash = placeholders.contact_hash and placeholders.is_placeholder;

-- The customer who has a contact, by its hash. A user id is the hash of a contact of its customer and stays one, so
-- that an id from before customers were joined leads to the customer of today.
create or replace function identity.customer_of(of_hash text) returns text stable language sql
return (
    select max(links.user_id)
    from identity.links
    where links.contact_hash = of_hash and links.is_joining
);

-- The contacts that join nobody, with how many people, records and orders have each.
create or replace view identity.placeholder_counts as
select
    placeholders.contact_hash,
    links.kind,
    placeholders.n_people,
    count(distinct links.record_id) as n_records,
    count(order_records.order_id) as n_orders
from identity.placeholders
inner join identity.links on placeholders.contact_hash = links.contact_hash
left join identity.order_records on links.record_id = order_records.record_id
where placeholders.is_placeholder
group by placeholders.contact_hash, links.kind, placeholders.n_people;
