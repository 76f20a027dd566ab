-- name: of_users
-- What these users did last, newest first, as far as it says whether they want an item: of each user the last so many.
select
    reactions.user_id,
    reactions.item_id,
    reactions.is_negative,
    reactions.occurred_at
from unnest(%(user_ids)s::text[]) as asked (user_id)
cross join lateral (
    select
        interactions.user_id,
        interactions.item_id,
        coalesce(interactions.weight < 0, false) as is_negative,
        interactions.occurred_at
    from serving.interactions
    where
        interactions.user_id = asked.user_id
        and (interactions.weight <> 0 or interactions.event_type in ('like', 'purchase'))
    order by interactions.occurred_at desc, interactions.event_id asc
    limit %(n_reactions)s
) as reactions;

-- name: to_items
-- How users reacted to these items: of the last so many interactions with each, how many there are, how many happened
-- on a device or within three hours of an hour of the day (UTC), and how many were welcome or unwelcome.
select
    asked.item_id,
    count(*) as n_interactions,
    count(*) filter (where lower(reactions.platform) = lower(%(device)s)) as n_on_device,
    count(*) filter (where mod(reactions.utc_hour - %(hour)s + 27, 24) <= 6) as n_near_hour,
    count(*) filter (where reactions.weight > 0) as n_welcome,
    count(*) filter (where reactions.weight < 0) as n_unwelcome
from unnest(%(item_ids)s::text[]) as asked (item_id)
cross join
    lateral (
        select
            interactions.platform,
            interactions.weight,
            extract(hour from interactions.occurred_at at time zone 'utc')::integer as utc_hour
        from serving.interactions
        where interactions.item_id = asked.item_id
        order by interactions.occurred_at desc
        limit %(n_reactions)s
    ) as reactions
group by asked.item_id;
