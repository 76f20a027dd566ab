-- Generations of before that can neither be served nor come back.
with gone as (
    delete from {cache}.generations
    where state = 'retired' and published_at < %(before)s
    returning generation
)

select
    generation as run_key,
    count(*) as n_rows
from gone
group by generation
order by generation
