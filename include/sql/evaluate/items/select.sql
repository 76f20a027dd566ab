-- The items of the export that were there before the hold-out.
select
    items.item_id as "ITEM_ID",
    items.product_name as "PRODUCT_NAME",
    items.category as "CATEGORY",
    items.price as "PRICE",
    items.creation_timestamp as "CREATION_TIMESTAMP"
from {items} as items
where to_timestamp(items.creation_timestamp) < %(starts_at)s
order by items.item_id collate "C"
