-- Staging loads a whole table in one transaction: one row tells of which generation it is.
select
    (select generation from cache.offline_user_recommendations__next limit 1) as user_lists,  -- noqa: AM09
    (select generation from cache.offline_similar_items__next limit 1) as item_lists  -- noqa: AM09
