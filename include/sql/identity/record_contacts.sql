-- name: create
-- One row per record and contact in it; contact_hash as in identity.contacts, of a placeholder, too.
create table if not exists identity.record_contacts (
    record_id text not null references identity.records on delete cascade,
    kind text not null check (kind in ('phone', 'email', 'source_id')),
    contact_hash text not null,
    primary key (contact_hash, record_id)
);

create index if not exists record_contacts_record_id on identity.record_contacts (record_id);
