-- One row per contact that was taken for a placeholder, because it was written for more people than could share it:
-- what a till sends for everybody. It is nobody's identity. contact_hash as in identity.contacts. Set is_placeholder to
-- false to vouch for a contact that really is one person's; those orders are theirs when they come again.
create table if not exists identity.placeholders (
    contact_hash text primary key,
    is_placeholder boolean not null default true,
    found_at timestamptz not null default now()
);
