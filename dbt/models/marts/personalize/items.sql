{{ config(indexes=[{'columns': ['item_id'], 'unique': true}]) }}

with products as (
    select * from {{ ref('products') }}
),

items as (
    select
        product_id as item_id,
        {{ textual('product_name') }} as product_name,
        {{ categorical('category') }} as category,
        median_price::real as price,
        {{ epoch_seconds('coalesce(first_sold_at, first_seen_at)') }} as creation_timestamp
    from products
    where is_product
)

select * from items
