-- name: create
-- The phone library by which the forms were last compared.
create table if not exists identity.phone_library (version text primary key);
