-- The newest generations of the cache; the live and the previous one always.
select
    generation,
    state,
    user_lists,
    item_lists,
    users_asked,
    items_asked,
    solution_versions,
    published_at
from {cache}.generations
order by array_position(array['live', 'previous', 'retired'], state), published_at desc
limit %(n_generations)s
