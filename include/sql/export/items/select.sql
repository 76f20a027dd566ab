-- The items mart in the order of its CSV. Sorted by its key, in byte order: equal data, equal bytes.
select
    item_id as "ITEM_ID",
    product_name as "PRODUCT_NAME",
    category as "CATEGORY",
    price as "PRICE",
    creation_timestamp as "CREATION_TIMESTAMP"
from personalize.items
order by item_id collate "C"
