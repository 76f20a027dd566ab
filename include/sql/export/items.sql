-- name: select
-- The items mart in the order of its CSV. Sorted by its key, in byte order: equal data, equal bytes.
select
    items.item_id as "ITEM_ID",
    items.product_name as "PRODUCT_NAME",
    items.category as "CATEGORY",
    items.price as "PRICE",
    items.creation_timestamp as "CREATION_TIMESTAMP"
from {items} as items
order by items.item_id collate "C";

-- name: violations
-- One row per value that Personalize would refuse. Only the key must have a value.
with violations as (
    select
        'ITEM_ID' as column_name,
        items.item_id,
        length(coalesce(items.item_id, '')) as n_characters,
        1 as min_characters,
        %(max_id_length)s as max_characters
    from {items} as items
    union all
    select
        'PRODUCT_NAME' as column_name,
        items.item_id,
        length(items.product_name) as n_characters,
        0 as min_characters,
        %(max_textual_length)s as max_characters
    from {items} as items
    union all
    select
        'CATEGORY' as column_name,
        items.item_id,
        length(items.category) as n_characters,
        0 as min_characters,
        %(max_categorical_length)s as max_characters
    from {items} as items
)

select
    column_name,
    concat('ITEM_ID ', left(item_id, 40)) as row_name,
    n_characters,
    max_characters
from violations
where n_characters not between min_characters and max_characters
order by item_id, column_name
limit 5;
