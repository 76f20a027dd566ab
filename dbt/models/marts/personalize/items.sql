{{ config(indexes=[{'columns': ['item_id'], 'unique': true}]) }}

with products as (
    select * from {{ ref('products') }}
),

held_back_items as (
    select * from {{ ref('held_back_items') }}
),

items as (
    select
        product_id as item_id,
        {{ textual('product_name') }} as product_name,
        {{ categorical('category') }} as category,
        median_price::real as price,
        {{ epoch_seconds('coalesce(first_sold_at, first_seen_at)') }} as creation_timestamp
    from products
    where is_product and product_id not in (select held_back_items.item_id from held_back_items)
)

select * from items
