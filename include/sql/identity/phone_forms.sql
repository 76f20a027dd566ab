-- name: create
-- The form of a phone number, kept as it was when the number was first seen: one row per way of writing it, as keyed
-- hashes. A newer phone library that finds another number in the same digits, or none, therefore renames nobody. A row
-- with is_number leads from what a newer library makes of it to what it was: there, written_hash is that number's.
create table if not exists identity.phone_forms (
    written_hash text primary key,
    contact_hash text not null,
    is_number boolean not null default false
);

create index if not exists phone_forms_contact_hash on identity.phone_forms (contact_hash);

-- name: apply
-- Give a window's people the forms that are kept, and leave out whoever has no contact. Where a known
-- spelling is another number by now, that number is the known one from here on.
insert into identity.phone_forms (written_hash, contact_hash, is_number)
select distinct
    people.phone_hash as written_hash,
    forms.contact_hash,
    true as is_number
from staged_people as people
inner join identity.phone_forms as forms on people.phone_written_hash = forms.written_hash
where people.phone_hash <> forms.contact_hash
on conflict do nothing;

update staged_people as people set phone_hash = forms.contact_hash
from identity.phone_forms as forms
where people.phone_hash = forms.written_hash and people.phone_hash <> forms.contact_hash;

update staged_people as people set phone_hash = forms.contact_hash
from identity.phone_forms as forms
where people.phone_written_hash = forms.written_hash and people.phone_hash is distinct from forms.contact_hash;

update staged_people set user_id = coalesce(phone_hash, email_hash, source_id_hash, '')
where user_id <> coalesce(phone_hash, email_hash, source_id_hash, '');

update staged_orders set user_id = nullif(people.user_id, '')
from staged_people as people
where staged_orders.version = people.version and staged_orders.user_id is distinct from nullif(people.user_id, '');

delete from staged_people
where user_id = '';

-- name: keep
-- New spellings. Runs after erasures/suppress, so that none of somebody erased is kept.
insert into identity.phone_forms (written_hash, contact_hash)
select distinct
    phone_written_hash as written_hash,
    phone_hash as contact_hash
from staged_people
where phone_hash is not null and phone_written_hash is not null
on conflict do nothing;

-- name: phones
-- The numbers of customers, in the form that was kept.
select distinct
    records.phone,
    record_contacts.contact_hash
from identity.records
inner join identity.record_contacts on records.record_id = record_contacts.record_id and record_contacts.kind = 'phone'
where records.phone is not null;

-- name: is_compared
select exists(
    select from identity.phone_library
    where version = %(version)s
) as is_compared;

-- name: kept
-- The number that was kept for a way of writing it.
select contact_hash
from identity.phone_forms
where written_hash = %(written_hash)s;

-- name: insert
insert into identity.phone_forms (written_hash, contact_hash, is_number)
values (%(written_hash)s, %(contact_hash)s, true)
on conflict do nothing;

-- name: forget_library
delete from identity.phone_library;

-- name: note_library
insert into identity.phone_library (version) values (%(version)s)
on conflict do nothing;
