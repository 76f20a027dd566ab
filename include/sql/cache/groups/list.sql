-- The groups whose lists are served, first things first. A warehouse that was never published to has the first one's.
select
    dataset_group,
    schema_name
from cache.groups
order by place
