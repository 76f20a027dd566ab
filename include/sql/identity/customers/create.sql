-- One row per person. user_id is the keyed hash that stands for the person everywhere else; seen_at is the time of the
-- newest order that told of them.
create table if not exists identity.customers (
    user_id text primary key,
    name text,
    phone text,
    email text,
    address text,
    seen_at timestamptz
);
