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

{% if is_incremental() %}
known as (
    select coalesce(max(product_number), 0) as product_number
    from {{ this }}
),

{% endif %}
classified as (
    select
        products.product_id,
        {% if is_incremental() %}
        known.product_number
        {% else %}
        0
        {% endif %}
        + row_number() over (order by products.product_id)::integer as product_number,
        not exists (
            select 1
            from non_product_codes
            where upper(products.product_id) ~ ('^(' || non_product_codes.product_id_pattern || ')$')
        ) as is_product
    from products
    {% if is_incremental() %}
    cross join known
    {% endif %}
)

select * from classified
