-- The staged lists of items, and how many products they show. An element that is no object shows none.
with products as (
    select distinct products_shown.product_id
    from {cache}.offline_similar_items__next as lists
    cross join
        jsonb_array_elements_text(jsonb_path_query_array(lists.similar_products, '$[*].product_id'))
            as products_shown (product_id)
)

select
    'lists of items' as measure,
    count(*) as value
from {cache}.offline_similar_items__next
union all
select
    'products in lists of items' as measure,
    count(*) as value
from products
