select
    generation,
    published_at,
    user_lists,
    item_lists
from cache.generations
where state = 'live'
