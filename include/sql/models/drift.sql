-- name: measure
-- One row: how far the newest interactions are from those that the live model was trained on.
-- Two windows of equal length: the last days before learned_until, and the newest days, but not earlier than that.
-- Population stability index over groups g: sum of (q - p) * ln(q / p), where p and q are the shares of g in the two
-- windows. Half an interaction is added to each group, so that an empty one does not make it infinite.
with bounds as (
    select
        extract(epoch from %(learned_until)s::timestamptz) as learned_until,
        max(interactions.timestamp) as newest,
        %(drift_days)s * 86400 as length
    from {interactions} as interactions
),

windowed as (
    select
        interactions.item_id,
        interactions.timestamp > bounds.learned_until as is_new
    from {interactions} as interactions
    cross join bounds
    where
        (
            interactions.timestamp > bounds.learned_until - bounds.length
            and interactions.timestamp <= bounds.learned_until
        )
        or (
            interactions.timestamp > bounds.learned_until
            and interactions.timestamp > bounds.newest - bounds.length
        )
),

-- The best sellers each for themselves, and all others together.
top_items as (
    select windowed.item_id
    from windowed
    where not windowed.is_new
    group by windowed.item_id
    order by count(*) desc, windowed.item_id asc
    limit 20
),

grouped as (
    select
        'items' as subject,
        coalesce(top_items.item_id, 'all others') as group_name,
        windowed.is_new
    from windowed
    left join top_items on windowed.item_id = top_items.item_id
    union all
    select
        'categories' as subject,
        coalesce(items.category, 'none') as group_name,
        windowed.is_new
    from windowed
    left join {items} as items on windowed.item_id = items.item_id
),

counted as (
    select
        grouped.subject,
        grouped.group_name,
        0.5 + count(*) filter (where not grouped.is_new) as n_old,
        0.5 + count(*) filter (where grouped.is_new) as n_new
    from grouped
    group by grouped.subject, grouped.group_name
),

shares as (
    select
        counted.subject,
        (counted.n_old / sum(counted.n_old) over (partition by counted.subject))::double precision as p,
        (counted.n_new / sum(counted.n_new) over (partition by counted.subject))::double precision as q
    from counted
),

indices as (
    select
        shares.subject,
        sum((shares.q - shares.p) * ln(shares.q / shares.p)) as psi
    from shares
    group by shares.subject
)

select
    (
        select count(*) from windowed
        where not windowed.is_new
    ) as n_before,
    (
        select count(*) from windowed
        where windowed.is_new
    ) as n_after,
    (select count(interactions.item_id) from {interactions} as interactions) as n_interactions,
    coalesce((
        select indices.psi from indices
        where indices.subject = 'items'
    ), 0) as items_psi,
    coalesce((
        select indices.psi from indices
        where indices.subject = 'categories'
    ), 0) as categories_psi;
