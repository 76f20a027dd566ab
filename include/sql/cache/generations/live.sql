-- What is live in one group, which has a place among those that are looked at together.
select
    {nth} as place,
    generation,
    published_at,
    user_lists,
    item_lists
from {cache}.generations
where state = 'live'
