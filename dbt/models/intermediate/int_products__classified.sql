with order_items as (
    select * from {{ ref('stg_company__order_items') }}
),

non_product_codes as (
    select * from {{ ref('non_product_codes') }}
),

products as (
    select distinct product_id
    from order_items
),

classified as (
    select
        products.product_id,
        not exists (
            select 1
            from non_product_codes
            where upper(products.product_id) ~ ('^(' || non_product_codes.product_id_pattern || ')$')
        ) as is_product
    from products
)

select * from classified
