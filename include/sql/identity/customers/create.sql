-- One row per person. user_id is the keyed hash that stands for the person everywhere else.
create table if not exists identity.customers (
    user_id text primary key,
    name text,
    phone text,
    email text,
    address text
);
