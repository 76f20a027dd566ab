-- name: generations
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
limit %(n_generations)s;

-- name: rejects
-- Why records of batch output gave no list: one row per generation, subject and reason.
select
    generation,
    subject,
    reason,
    min(detail) as example,
    count(*) as n_lines
from {cache}.rejected_records
group by generation, subject, reason
order by generation desc, n_lines desc, subject asc, reason asc
limit 50;
