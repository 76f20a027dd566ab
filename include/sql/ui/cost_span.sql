-- Since when, within the newest days, there has been a cache that a campaign would have stood in for.
select
    extract(epoch from now() - greatest(min(published_at), now() - make_interval(days => %(n_days)s))) / 86400.0 as days
from cache.all_generations()
having min(published_at) is not null
