-- A view: what is unusual depends on all purchases of a product, so that every new one might turn flags of old rows.
{{ config(materialized='view') }}

with order_items as (
    select * from {{ ref('int_order_items__classified') }}
),

spread as (
    select * from {{ ref('int_products__purchase_spread') }}
),

flagged as (
    select
        order_items.source,
        order_items.order_id,
        order_items.line_number,
        order_items.user_id,
        order_items.ordered_at,
        order_items.product_id,
        order_items.product_name,
        order_items.category,
        order_items.quantity::numeric as quantity,
        order_items.unit_price::numeric as unit_price,
        order_items.quantity * order_items.unit_price * order_items.n_lines as amount,
        order_items.n_lines,
        order_items.is_cancelled,
        order_items.is_product,
        order_items.is_sale,
        order_items.is_purchase,
        order_items.is_purchase
        and order_items.quantity::double precision not between spread.least_quantity and spread.greatest_quantity
            as is_quantity_outlier,
        order_items.is_purchase
        and order_items.unit_price::double precision not between spread.least_price and spread.greatest_price
            as is_price_outlier
    from order_items
    inner join spread on order_items.product_id = spread.product_id
)

select * from flagged
