-- name: find_list
-- What was computed for a user a short while ago, while the same generations were live.
select
    recommendation_id,
    sources,
    items::text as items
from serving.recommendation_lists
where
    user_id = %(user_id)s
    and algorithm = %(algorithm)s
    and live_generations = %(live_generations)s
    and computed_at > %(computed_after)s;

-- name: keep_list
insert into serving.recommendation_lists (
    user_id, algorithm, recommendation_id, sources, live_generations, items, computed_at
)
values (
    %(user_id)s, %(algorithm)s, %(recommendation_id)s, %(sources)s, %(live_generations)s, %(items)s, %(computed_at)s
)
on conflict (user_id, algorithm) do update set
    recommendation_id = excluded.recommendation_id,
    sources = excluded.sources,
    live_generations = excluded.live_generations,
    items = excluded.items,
    computed_at = excluded.computed_at;

-- name: record
-- What a user is shown of a list. Shown again, it is still the same recommendation.
insert into serving.recommended_items (user_id, recommendation_id, item_id, algorithm, score, request_id)
select
    %(user_id)s,
    %(recommendation_id)s,
    shown.item_id,
    %(algorithm)s,
    shown.score,
    %(request_id)s
from unnest(%(item_ids)s::text[], %(scores)s::double precision[]) as shown (item_id, score)
on conflict (user_id, recommendation_id, item_id) do nothing;

-- name: latest
-- The newest recommendation of an item to a user, whichever algorithm made it.
select
    recommendation_id,
    algorithm
from serving.recommended_items
where user_id = %(user_id)s and item_id = %(item_id)s
order by recommended_at desc, recommendation_id asc
limit 1;

-- name: newest_reaction
-- The newest event of a type by which a user has answered a recommendation of an item.
select event_id
from serving.interactions
where
    user_id = %(user_id)s
    and item_id = %(item_id)s
    and recommendation_id = %(recommendation_id)s
    and event_type = %(event_type)s
order by occurred_at desc, event_id asc
limit 1;

-- name: give_feedback
update serving.recommended_items set
    is_clicked = %(is_clicked)s,
    is_dismissed = %(is_dismissed)s
where user_id = %(user_id)s and recommendation_id = %(recommendation_id)s and item_id = %(item_id)s;

-- name: stats
-- What a user was recommended, and did.
select
    (
        select count(*)
        from serving.interactions
        where interactions.user_id = %(user_id)s
    ) as n_interactions,
    (
        select churn_predictions.churn_risk
        from serving.churn_predictions
        where churn_predictions.user_id = %(user_id)s
        order by churn_predictions.prediction_date desc
        limit 1
    ) as latest_churn_risk,
    count(*) as n_recommended,
    count(*) filter (where recommended_items.is_clicked) as n_clicked,
    count(*) filter (where recommended_items.is_dismissed) as n_dismissed
from serving.recommended_items
where recommended_items.user_id = %(user_id)s;

-- name: liked_in_events
-- The items that a user's newest events speak for, and how much.
select
    interactions.item_id,
    max(coalesce(interactions.weight, 1))::double precision as weight,
    max(interactions.occurred_at) as liked_at
from serving.interactions
where interactions.user_id = %(user_id)s and coalesce(interactions.weight, 1) > 0
group by interactions.item_id
order by liked_at desc, interactions.item_id asc
limit %(n_items)s;

-- name: liked_in_orders
-- The items that a user has ordered last. A purchase says more than any other event.
select
    interactions.item_id,
    3.0::double precision as weight,
    to_timestamp(max(interactions.timestamp)) as liked_at
from personalize.interactions
where interactions.user_id = %(user_id)s
group by interactions.item_id
order by liked_at desc, interactions.item_id asc
limit %(n_items)s;

-- name: bought_together
-- What is in the same orders as the items of a user, by how close they are and how much each item counts.
with liked as (
    select
        key as item_id,
        value::double precision as weight
    from jsonb_each_text(%(liked)s::jsonb)
)

select
    pairs.with_product_id as product_id,
    sum(pairs.score * liked.weight) as score
from liked
inner join core.products_bought_together as pairs on liked.item_id = pairs.product_id
inner join core.products on pairs.with_product_id = products.product_id
left join liked as own on pairs.with_product_id = own.item_id
where products.is_product and own.item_id is null
group by pairs.with_product_id
order by score desc, product_id asc
limit %(n_candidates)s;

-- name: catalogue
-- What every product that was ever sold is.
select
    products.product_id,
    products.product_name,
    products.category,
    products.last_price::double precision as last_price
from core.products
where products.is_product and products.n_orders > 0
order by products.product_id;
