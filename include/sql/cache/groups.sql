-- name: create
-- Which schema holds the lists of which dataset group, in the order in which serving looks for a list that is asked for
-- without a group. Publish writes here what the environment's file says; a group stands here once it has a schema.
create table if not exists cache.groups (
    dataset_group text primary key,
    schema_name text not null,
    place integer not null
);

-- Serving reads both, and may have been given only the other so far.
select cache.copy_grants('cache.generations', 'cache.groups');

-- name: list
-- The groups whose lists are served, first things first. A warehouse that was never published to has the first one's.
select
    dataset_group,
    schema_name
from cache.groups
order by place;

-- name: replace
-- The groups of the environment's file that have a cache. Readers see the old ones or the new ones.
delete from cache.groups;
insert into cache.groups (dataset_group, schema_name, place)
select
    file.dataset_group,
    file.schema_name,
    file.place
from unnest(%(names)s::text[], %(schemas)s::text[]) with ordinality as file (dataset_group, schema_name, place)
inner join cache.schemas() as existing on file.schema_name = existing;
