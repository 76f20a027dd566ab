-- One row per cache: for how many of the newest days it has been there, so that campaigns would have stood in for it.
select
    schema_name,
    extract(epoch from now() - greatest(min(published_at), now() - make_interval(days => %(n_days)s))) / 86400.0 as days
from cache.all_generations()
group by schema_name
order by schema_name
