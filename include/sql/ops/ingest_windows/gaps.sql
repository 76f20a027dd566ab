-- Spans after start_at that no proven window of any kind covers, though a later one is proven.
with proven as (
    select
        window_start,
        greatest(
            %(start_at)s::timestamptz,
            max(window_end) over (
                order by window_start, window_end rows between unbounded preceding and 1 preceding
            )
        ) as reached
    from ops.proven_windows
    where source = %(source)s
)

select reached, window_start
from proven
where window_start > reached
order by reached
