-- The items of the export that were there before the hold-out.
select
    item_id as "ITEM_ID",
    product_name as "PRODUCT_NAME",
    category as "CATEGORY",
    price as "PRICE",
    creation_timestamp as "CREATION_TIMESTAMP"
from personalize.items
where to_timestamp(creation_timestamp) < %(starts_at)s
order by item_id collate "C"
