-- name: live_generation
-- The lists that are served, with their age in hours and the model version that made each kind; no row without any.
select
    generation,
    published_at,
    extract(epoch from now() - published_at) / 3600 as age_hours,
    user_lists,
    users_asked,
    item_lists,
    items_asked,
    solution_versions
from {cache}.generations
where state = 'live';

-- name: samples
-- The newest results of the regional page: whom they were drawn from, and with which seed.
select
    region_kind,
    region,
    window_start,
    result ->> 'n_sampled' as n_sampled,
    result ->> 'n_active_users' as n_active_users,
    result ->> 'n_with_list' as n_with_list,
    result ->> 'seed' as seed
from serving.region_results
order by window_start desc, computed_at desc
limit 5;

-- name: catalogue
-- How many products each step has, and the first that one step has and the next has not.
with products as (
    select products.product_id as item_id
    from core.products as products
    where
        products.is_product
        and products.product_id not in (select held_back.item_id from core.held_back_items as held_back)
),

exported as (
    select items.item_id from {items} as items
),

listed as (
    select lists.product_id as item_id from {cache}.offline_similar_items as lists
)

select
    (select count(*) from products) as n_products,
    (select count(*) from exported) as n_exportable,
    (
        select exports.n_rows
        from ops.exports as exports
        where exports.dataset = %(dataset)s
        order by exports.exported_at desc
        limit 1
    ) as n_in_newest_file,
    (select count(*) from listed) as n_listed,
    array(
        select products.item_id from products
        except
        select exported.item_id from exported
        order by item_id
        limit 5
    ) as not_exported,
    array(
        select exported.item_id from exported
        except
        select listed.item_id from listed
        order by item_id
        limit 5
    ) as without_list;

-- name: lookup_plan
-- How PostgreSQL finds the list of one key, and how long it takes.
explain (analyze, format json)
select lists.* from {table} as lists
where lists.{key} = (select max(listed.{key}) from {table} as listed);

-- name: learning
-- What a group's model can learn from.
select
    count(*) as n_interactions,
    (
        select count(*)
        from (
            select users.user_id
            from {interactions} as users
            group by users.user_id
            having count(*) >= 2
        ) as returning_users
    ) as n_returning_users,
    to_timestamp(max(interactions.timestamp)) as newest_at
from {interactions} as interactions;

-- name: live_models
select
    solution,
    trained_at,
    extract(epoch from now() - trained_at) / 86400 as age_days
from ops.model_versions
where
    state = 'live'
    and solution = any(%(solutions)s)
order by solution;

-- name: received
-- What became of the events of the last day.
select
    source,
    outcome,
    reason,
    count(*) as n_events,
    max(received_at) as newest_at
from serving.received_events
where received_at > now() - interval '1 day'
group by source, outcome, reason
order by n_events desc, source asc, outcome asc, reason asc;

-- name: shown_and_done
-- Impressions beside interactions in the last week: without impressions nobody knows what was ignored.
select
    (
        select count(*) from serving.impressions as impressions
        where impressions.received_at > now() - interval '7 days'
    ) as n_impressions,
    (
        select count(*) from serving.interactions as interactions
        where interactions.received_at > now() - interval '7 days'
    ) as n_interactions;

-- name: outbox
-- What waits for Personalize, and since when.
select
    state,
    count(*) as n_events,
    extract(epoch from now() - min(queued_at)) / 60 as oldest_minutes
from events.outbox
where
    dataset_group = %(group_name)s
    and state <> 'sent'
group by state
order by state;
