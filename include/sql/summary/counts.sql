-- One row: how much of everything there is along the line.
select
    (select count(*) from raw.company__orders) as orders,
    (select count(*) from raw.company__order_items) as order_lines,
    (select coalesce(sum(merged_lines), 0) from raw.company__order_items)::bigint as merged,
    (select coalesce(sum(n_lines), 0) from raw.company__rejects)::bigint as rejected,
    (select count(*) from core.customers) as customers,
    (select count(*) from core.products) as products,
    (select count(*) from personalize.interactions) as interactions,
    (select count(*) from cache.offline_user_recommendations) as users_with_recommendations,
    (select count(*) from cache.offline_similar_items) as products_with_similar_items,
    (
        select count(*)
        from core.customers
        where customers.n_sales > 0
    ) as customers_with_a_purchase,
    (
        select count(*)
        from core.customers
        left join cache.offline_user_recommendations
            on customers.user_id = offline_user_recommendations.user_id
        where
            customers.n_sales > 0
            and offline_user_recommendations.user_id is null
    ) as customers_without_recommendations
