-- Which schema holds the lists of which dataset group, in the order in which serving looks for a list that is asked for
-- without a group. Publish writes here what the environment's file says; a group stands here once it has a schema.
create table if not exists cache.groups (
    dataset_group text primary key,
    schema_name text not null,
    place integer not null
);

-- Serving reads both, and may have been given only the other so far.
select cache.copy_grants('cache.generations', 'cache.groups');
