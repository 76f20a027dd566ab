-- name: purchased_of
-- Which of these products a user has purchased.
select distinct interactions.item_id
from personalize.interactions
where
    interactions.user_id = %(user_id)s
    and interactions.item_id = any(%(item_ids)s)
    and interactions.event_type = 'purchase';
