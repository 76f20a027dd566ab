-- One row per person and contact that any order ever told of them: what an erasure follows from one identity of a
-- person to the next, also where identity.customers has a newer contact. contact_hash is the user id of a person of
-- whom only this contact is known, so both columns are of one kind.
create table if not exists identity.contacts (
    user_id text not null,
    kind text not null check (kind in ('phone', 'email', 'source_id')),
    contact_hash text not null,
    first_seen_at timestamptz,
    last_seen_at timestamptz,
    primary key (user_id, contact_hash)
);

create index if not exists contacts_contact_hash on identity.contacts (contact_hash);
