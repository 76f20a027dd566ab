-- Behind what reads the last state of this table.
-- depends_on: {{ ref('int_changes__order_items') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_orders() }}",
    indexes=[
        {'columns': ['source', 'order_id', 'line_number'], 'unique': true},
        {'columns': ['product_id', 'ordered_at']},
    ],
) }}

with order_items as (
    {{ of_changed_orders(ref('stg_company__order_items')) }}
),

orders as (
    select * from {{ ref('int_orders__read') }}
),

products as (
    select * from {{ ref('int_products__classified') }}
),

joined as (
    select
        order_items.source,
        order_items.order_id,
        order_items.line_number,
        orders.user_id,
        orders.ordered_at,
        order_items.product_id,
        order_items.product_name,
        order_items.category,
        order_items.brand,
        order_items.quantity,
        order_items.unit_price,
        order_items.n_lines,
        orders.status = 'cancelled' as is_cancelled,
        products.is_product,
        orders.status = 'completed' and order_items.quantity > 0 and order_items.unit_price > 0 as is_sale
    from order_items
    inner join orders
        on order_items.source = orders.source and order_items.order_id = orders.order_id
    inner join products
        on order_items.product_id = products.product_id
),

classified as (
    select
        *,
        is_sale and is_product as is_purchase
    from joined
)

select * from classified
