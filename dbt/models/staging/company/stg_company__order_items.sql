with order_items as (
    select * from {{ source('company', 'company__order_items') }}
),

spellings as (
    select * from {{ source('company', 'company__product_spellings') }}
),

renamed as (
    select
        order_items.source,
        order_items.order_id,
        order_items.line_number,
        coalesce(spellings.product_id, order_items.product_key) as product_id,
        nullif(btrim(order_items.product_name), '') as product_name,
        nullif(btrim(order_items.category), '') as category,
        nullif(btrim(order_items.brand), '') as brand,
        order_items.quantity,
        order_items.unit_price,
        1 + order_items.merged_lines as n_lines
    from order_items
    left join spellings on order_items.product_key = spellings.product_key
)

select * from renamed
