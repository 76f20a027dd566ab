-- The items that most users bought in the weeks before the hold-out: what a shop could show without a model.
select interactions.item_id
from {interactions} as interactions
where
    interactions.event_type = 'purchase'
    and to_timestamp(interactions.timestamp) < %(starts_at)s
    and to_timestamp(interactions.timestamp) >= %(starts_at)s - make_interval(days => %(popularity_days)s)
group by interactions.item_id
order by count(distinct interactions.user_id) desc, interactions.item_id collate "C" asc
limit %(n_items)s
