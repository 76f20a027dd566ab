-- One row: how much there is of a group: what was exported, whom it serves, and who of these has a list.
with buyers as (
    select customers.user_id
    from core.customers
    where
        customers.n_sales > 0
        and (
            %(is_everybody)s
            or customers.user_id in (select interactions.user_id from {interactions} as interactions)  -- noqa: RF02
        )
)

select
    (select count(*) from {interactions} as rows_of_it) as interactions,  -- noqa: AL05
    (select count(*) from {cache}.offline_user_recommendations) as users_with_recommendations,
    (select count(*) from {cache}.offline_similar_items) as products_with_similar_items,
    (select count(*) from buyers) as customers_with_a_purchase,
    (
        select count(*)
        from buyers
        left join {cache}.offline_user_recommendations as lists on buyers.user_id = lists.user_id
        where
            lists.user_id is null
            and %(has_users)s
    ) as customers_without_recommendations
