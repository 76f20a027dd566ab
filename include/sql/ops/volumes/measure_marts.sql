select
    'interactions' as measure,
    count(*) as value
from personalize.interactions
union all
select
    'users' as measure,
    count(*) as value
from personalize.users
union all
select
    'items' as measure,
    count(*) as value
from personalize.items
