-- Up to when a source is known whole: the end of the unbroken run of proven, scheduled windows that begins at start_at.
with proven as (
    select
        window_start,
        window_end,
        greatest(
            %(start_at)s::timestamptz,
            max(window_end) over (
                order by window_start, window_end rows between unbounded preceding and 1 preceding
            )
        ) as reached
    from ops.proven_windows
    where source = %(source)s and kind = 'scheduled'
),

first_gap as (
    select min(window_start) as opens_before
    from proven
    where window_start > reached
)

select greatest(%(start_at)s::timestamptz, max(proven.window_end))
from proven
cross join first_gap
where proven.window_start < coalesce(first_gap.opens_before, 'infinity')
