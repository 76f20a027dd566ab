-- Five customers of a group with some history, the same ones on every run: what they bought, what is recommended.
with chosen as (
    select customers.user_id
    from core.customers
    where
        customers.n_purchases between 5 and 60
        and (
            %(is_everybody)s
            or customers.user_id in (select interactions.user_id from {interactions} as interactions)  -- noqa: RF02
        )
    order by md5(customers.user_id)
    limit 5
),

bought as (
    select
        purchases.user_id,
        array_agg(purchases.product_name order by purchases.last_at desc, purchases.product_name) as names
    from (
        select
            interactions.user_id,
            coalesce(items.product_name, items.item_id) as product_name,
            max(interactions.timestamp) as last_at
        from {interactions} as interactions
        inner join chosen on interactions.user_id = chosen.user_id
        inner join personalize.items on interactions.item_id = items.item_id
        group by interactions.user_id, coalesce(items.product_name, items.item_id)
    ) as purchases
    group by purchases.user_id
),

recommended as (
    select
        lists.user_id,
        array_agg(coalesce(items.product_name, element.value ->> 'product_id') order by element.place) as names
    from {cache}.offline_user_recommendations as lists
    inner join chosen on lists.user_id = chosen.user_id
    cross join
        lateral jsonb_array_elements(lists.recommendations)
        with ordinality as element (value, place)
    left join personalize.items on items.item_id = element.value ->> 'product_id'
    where element.place <= 5
    group by lists.user_id
)

select
    chosen.user_id,
    bought.names[1:5] as bought,
    recommended.names as recommended
from chosen
inner join bought on chosen.user_id = bought.user_id
left join recommended on chosen.user_id = recommended.user_id
order by chosen.user_id
