with order_items as (
    select * from {{ source('company', 'company__order_items') }}
),

renamed as (
    select
        source,
        order_id,
        line_number,
        upper(btrim(product_id)) as product_id,
        nullif(btrim(product_name), '') as product_name,
        nullif(btrim(category), '') as category,
        nullif(btrim(brand), '') as brand,
        quantity,
        unit_price,
        merged_lines
    from order_items
)

select * from renamed
