-- name: keep
-- The first to compute a window's result says what all others see; of a new generation there is a new one.
insert into serving.region_results (region_kind, region, window_start, generation, result)
values (%(region_kind)s, %(region)s, %(window_start)s, %(generation)s, %(result)s)
on conflict do nothing;

-- name: forget_old
delete from serving.region_results
where region_kind = %(region_kind)s and region = %(region)s and window_start < %(since)s;

-- name: find
-- The newest result of a window; of one generation, where that is given.
select result::text as result
from serving.region_results
where
    region_kind = %(region_kind)s
    and region = %(region)s
    and window_start = %(window_start)s
    and (%(generation)s::text is null or generation = %(generation)s)
order by computed_at desc
limit 1;

-- name: history
-- The last result of each window, the newest window first.
select distinct on (window_start) result::text as result
from serving.region_results
where region_kind = %(region_kind)s and region = %(region)s
order by window_start desc, computed_at desc
limit %(n_windows)s;
