{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=[{'columns': ['product_id'], 'unique': true}],
) }}

with order_items as (
    {{ of_changed_orders(ref('stg_company__order_items')) }}
),

non_product_codes as (
    select * from {{ ref('non_product_codes') }}
),

products as (
    select distinct product_id
    from order_items
    {% if is_incremental() %}
    except
    select known.product_id
    from {{ this }} as known
    {% endif %}
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
