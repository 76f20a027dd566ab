-- name: create
-- Whether two versions that came under one id are of two orders. Time alone does not tell: a date is corrected, and a
-- cancellation comes late. So the farther apart they were placed, the less must differ besides: within a day both the
-- person and all products, within a month either, behind it nothing, unless one person cancels what they bought. A null
-- is what is not known, which tells nothing. A version that cannot be read shows neither person nor products; it is of
-- an order that was placed within a day.
create or replace function raw.are_two_orders(
    apart interval, is_same_person boolean, has_same_product boolean, is_cancellation boolean, is_readable boolean
) returns boolean immutable parallel safe language sql
return case
    when apart is null or apart < interval '1 second' then false
    when apart <= interval '1 day' then is_same_person is false and has_same_product is false
    when not is_readable then true
    when apart <= interval '30 days' then is_same_person is false or has_same_product is false
    else not (is_cancellation and is_same_person is true and has_same_product is not false)
end;

-- name: settle
-- Which order a version is of, where one id names several: counters are started again, and tills share one. A version
-- finds the order of its number that was placed nearest to it and need not be another one; what finds none is an order
-- of its own. The first of a number keeps it as its id; to a further one the moment of its first version is added, once
-- and for all, so that a later edit of that moment changes no id. Runs before raw/company__orders/merge, in its
-- transaction and under its lock, behind all that decides who the people of a window are.

-- One row per number that came with, or is known with, more than one moment: elsewhere there is nothing to settle.
create temp table shared_numbers on commit drop as
with staged as (
    select
        order_number,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at
    from staged_orders
    where order_number is not null
    group by order_number
)

select staged.order_number
from staged
where
    staged.first_ordered_at < staged.last_ordered_at
    or exists (
        select from raw.company__orders as known
        where
            known.source = %(source)s
            and known.order_number = staged.order_number
            and (known.ordered_at <> staged.first_ordered_at or known.order_id <> known.order_number)
    )
    or exists (
        select from raw.company__rejects as known
        where
            known.source = %(source)s
            and known.order_number = staged.order_number
            and (known.ordered_at <> staged.first_ordered_at or known.order_id <> known.order_number)
    );

-- Without it the planner expects over a thousand numbers where most often there are none, and reads raw whole.
analyze shared_numbers;

-- One row per version of such a number. What does not tell its time is looked for in the time that was asked for.
create temp table shared_versions on commit drop as
select
    staged.version,
    staged.order_number,
    staged.ordered_at,
    coalesce(staged.ordered_at, %(window_start)s) as placed_at,  -- noqa: RF02
    staged.is_mapped,
    staged.status,
    staged.user_id,
    products.product_keys
from staged_orders as staged
inner join shared_numbers on staged.order_number = shared_numbers.order_number
left join (
    select
        version,
        array_agg(product_key) as product_keys
    from staged_order_items
    where exists (select from shared_numbers)
    group by version
) as products
    on staged.version = products.version;

analyze shared_versions;

-- One row per order that is known by such a number. One that could never be read is known by its reject.
create temp table known_orders on commit drop as
select
    orders.order_number,
    orders.order_id,
    orders.ordered_at,
    true as is_readable,
    orders.status,
    orders.user_id,
    (
        select array_agg(items.product_key)
        from raw.company__order_items as items
        where items.source = orders.source and items.order_id = orders.order_id
    ) as product_keys
from shared_numbers
inner join raw.company__orders as orders
    on orders.source = %(source)s and shared_numbers.order_number = orders.order_number
union all
select distinct
    rejects.order_number,
    rejects.order_id,
    rejects.ordered_at,
    false as is_readable,
    null as status,
    null as user_id,
    null::text[] as product_keys
from shared_numbers
inner join raw.company__rejects as rejects
    on rejects.source = %(source)s and shared_numbers.order_number = rejects.order_number
where
    not exists (
        select from raw.company__orders as readable
        where readable.source = rejects.source and readable.order_id = rejects.order_id
    );

create index on known_orders (order_number, ordered_at);
analyze known_orders;

-- One row per version whose order is known: of the few that were placed nearest to it, before and after.
create temp table known_versions on commit drop as
select
    versions.version,
    nearest.order_id
from shared_versions as versions
cross join lateral (
    select neighbours.order_id
    from (
        (
            select *
            from known_orders
            where known_orders.order_number = versions.order_number and known_orders.ordered_at <= versions.placed_at
            order by known_orders.ordered_at desc
            limit 5
        )
        union all
        (
            select *
            from known_orders
            where known_orders.order_number = versions.order_number and known_orders.ordered_at > versions.placed_at
            order by known_orders.ordered_at
            limit 5
        )
        union all
        select *
        from known_orders
        where known_orders.order_number = versions.order_number and known_orders.ordered_at is null
    ) as neighbours
    where
        not raw.are_two_orders(
            greatest(versions.ordered_at - neighbours.ordered_at, neighbours.ordered_at - versions.ordered_at),
            versions.user_id = neighbours.user_id,
            versions.product_keys && neighbours.product_keys,
            'cancelled' in (versions.status, neighbours.status),
            versions.is_mapped and neighbours.is_readable
        )
    order by
        greatest(versions.placed_at - neighbours.ordered_at, neighbours.ordered_at - versions.placed_at) asc nulls last,
        neighbours.order_id asc
    limit 1
) as nearest;

-- The others are compared with each other, each with the one placed before it: where two differ, an order begins.
with others as (
    select
        versions.*,
        lag(versions.version) over by_time as version_before
    from shared_versions as versions
    left join known_versions on versions.version = known_versions.version
    where known_versions.version is null
    window by_time as (partition by versions.order_number order by versions.placed_at, versions.version)
),

compared as (
    select
        others.*,
        before.version is null or raw.are_two_orders(
            others.ordered_at - before.ordered_at,
            others.user_id = before.user_id,
            others.product_keys && before.product_keys,
            'cancelled' in (others.status, before.status),
            others.is_mapped and before.is_mapped
        ) as begins_order
    from others
    left join shared_versions as before on others.version_before = before.version
),

counted as (
    select
        *,
        count(*) filter (where begins_order) over (
            partition by order_number
            order by placed_at, version
            rows unbounded preceding
        ) as nth
    from compared
),

begun as (
    select
        version,
        order_number,
        nth,
        first_value(placed_at) over (partition by order_number, nth order by placed_at, version) as begins_at
    from counted
),

settled as (
    select
        version,
        order_id
    from known_versions
    union all
    select
        begun.version,
        case
            when begun.nth = 1 and known.order_number is null then begun.order_number
            else
                begun.order_number
                || to_char(begun.begins_at at time zone 'utc', '"~"YYYY-MM-DD"T"HH24:MI:SS"Z"')
        end as order_id
    from begun
    left join (select distinct order_number from known_orders) as known on begun.order_number = known.order_number
)

update staged_orders set own_id = settled.order_id
from settled
where staged_orders.version = settled.version and staged_orders.order_number <> settled.order_id;

-- name: doubt_replacements
-- Which staged versions replace another order: one of the same id and second, of another person, with no product in
-- common. settle cannot give the two different names, so the newer one stands, and is marked. What is not known
-- does not differ. Runs behind settle and before company__orders/merge.
create temp table same_second on commit drop as
with staged as (
    select
        version,
        order_id,
        ordered_at,
        user_id
    from staged_orders
    where is_mapped and user_id is not null
)

select
    staged.version,
    (
        select array_agg(items.product_key)
        from staged_order_items as items
        where items.version = staged.version
    ) as product_keys,
    (
        select array_agg(items.product_key)
        from staged_order_items as items
        where items.version = other.version
    ) as other_product_keys
from staged
inner join staged as other on staged.order_id = other.order_id
where
    staged.user_id <> other.user_id
    and abs(extract(epoch from staged.ordered_at - other.ordered_at)) < 1
union all
select
    staged.version,
    (
        select array_agg(items.product_key)
        from staged_order_items as items
        where items.version = staged.version
    ) as product_keys,
    (
        select array_agg(items.product_key)
        from raw.company__order_items as items
        where items.source = stored.source and items.order_id = stored.order_id
    ) as other_product_keys
from staged
inner join raw.company__orders as stored
    on
        stored.source = %(source)s
        and staged.order_id = stored.order_id
where
    staged.user_id <> stored.user_id
    and abs(extract(epoch from staged.ordered_at - stored.ordered_at)) < 1;

update staged_orders set doubts = array_append(doubts, 'replaces_another_order')
where version in (
    select same_second.version
    from same_second
    where not (same_second.product_keys && same_second.other_product_keys)
);

-- Which staged versions are one part of an order that came in several: same id, moment, stamp and person, no product in
-- common, as an answer with one row per order item has it. The last part stands, and is marked.
with repeated as (
    select order_id
    from staged_orders
    where is_mapped
    group by order_id
    having count(*) > 1
),

staged as (
    select
        staged_orders.*,
        (
            select array_agg(items.product_key)
            from staged_order_items as items
            where items.version = staged_orders.version
        ) as product_keys
    from staged_orders
    inner join repeated on staged_orders.order_id = repeated.order_id
    where staged_orders.is_mapped
)

update staged_orders set doubts = array_append(doubts, 'came_in_parts')
where version in (
    select staged.version
    from staged
    inner join staged as other
        on
            staged.order_id = other.order_id
            and staged.ordered_at = other.ordered_at
            and staged.updated_at is not distinct from other.updated_at
            and staged.user_id is not distinct from other.user_id
    where not (staged.product_keys && other.product_keys)
);
