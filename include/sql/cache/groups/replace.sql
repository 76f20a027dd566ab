-- The groups of the environment's file that have a cache. Readers see the old ones or the new ones.
delete from cache.groups;
insert into cache.groups (dataset_group, schema_name, place)
select
    file.dataset_group,
    file.schema_name,
    file.place
from unnest(%(names)s::text[], %(schemas)s::text[]) with ordinality as file (dataset_group, schema_name, place)
inner join cache.schemas() as existing on file.schema_name = existing
