-- The items mart in the order of its CSV. Sorted by its key, in byte order: equal data, equal bytes.
select
    items.item_id as "ITEM_ID",
    items.product_name as "PRODUCT_NAME",
    items.category as "CATEGORY",
    items.price as "PRICE",
    items.creation_timestamp as "CREATION_TIMESTAMP"
from {items} as items
order by items.item_id collate "C"
