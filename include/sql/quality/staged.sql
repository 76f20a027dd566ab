-- name: order_facts
-- What a gate sums up of its tables before the checks, so that each table is read once for all of its queries:
-- temporary tables of the gate's session. A check reads the one that its `of` names.
-- The orders with the sum of their items. is_rejected: some of its items were refused, and are not in the sum.
create temporary table order_facts as
with items as (
    select
        source,
        order_id,
        sum(quantity * unit_price * (1 + merged_lines)) as items_amount
    from raw.company__order_items
    group by source, order_id
),

rejects as (
    select distinct
        source,
        order_id
    from raw.company__rejects
)

select
    orders.source,
    orders.order_id,
    orders.order_number,
    orders.ordered_at,
    orders.updated_at,
    orders.status,
    orders.user_id,
    orders.total_amount,
    orders.doubts,
    items.items_amount,
    items.order_id is not null as has_items,
    rejects.order_id is not null as is_rejected
from raw.company__orders as orders
left join items on orders.source = items.source and orders.order_id = items.order_id
left join rejects on orders.source = rejects.source and orders.order_id = rejects.order_id;

-- name: unsent_events
-- The events that wait to be sent, and those that were given up.
create temporary table unsent_events as
select
    event_id,
    dataset_group,
    state,
    queued_at,
    last_error
from events.outbox
where state in ('waiting', 'unsorted', 'dead');

-- name: interaction_counts
-- The interactions of each user (id is theirs), of each item, and of all together (id is null).
-- n_distinct: those of a user, an item and a second of their own.
create temporary table interaction_counts as
with keys as (
    select
        user_id,
        item_id,
        count(*) as n_rows
    from personalize.interactions
    group by user_id, item_id, timestamp
)

select
    case grouping(user_id, item_id)
        when 1 then 'user'
        when 2 then 'item'
        else 'all'
    end as party,
    coalesce(user_id, item_id) as id,
    sum(n_rows)::bigint as n_interactions,
    count(*) as n_distinct
from keys
group by grouping sets ((user_id), (item_id), ());

-- name: item_rows
-- Each item of the mart or of the interactions, with its numbers of rows in both.
create temporary table item_rows as
with items as (
    select
        item_id,
        count(*) as n_rows
    from personalize.items
    group by item_id
),

counts as (
    select
        id as item_id,
        n_interactions
    from pg_temp.interaction_counts
    where party = 'item'
),

held_back as (
    select distinct item_id
    from core.held_back_items
)

select
    coalesce(items.item_id, counts.item_id) as item_id,
    coalesce(items.n_rows, 0) as n_rows,
    coalesce(counts.n_interactions, 0) as n_interactions,
    held_back.item_id is not null as is_held_back
from items
full join counts on items.item_id = counts.item_id
left join held_back on coalesce(items.item_id, counts.item_id) = held_back.item_id;

-- name: user_rows
-- Each user of the mart or of the interactions, with their numbers of rows in both.
create temporary table user_rows as
with users as (
    select
        user_id,
        count(*) as n_rows
    from personalize.users
    group by user_id
),

counts as (
    select
        id as user_id,
        n_interactions
    from pg_temp.interaction_counts
    where party = 'user'
)

select
    coalesce(users.user_id, counts.user_id) as user_id,
    coalesce(users.n_rows, 0) as n_rows,
    coalesce(counts.n_interactions, 0) as n_interactions
from users
full join counts on users.user_id = counts.user_id;
