-- depends_on: {{ ref('int_changes__purchase_spread') }}
-- depends_on: {{ ref('int_changes__orders') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['source', 'order_id', 'line_number'],
    on_schema_change='fail',
    pre_hook="{{ without_changed_orders() }}",
    indexes=[{'columns': ['source', 'order_id', 'line_number'], 'unique': true}],
) }}

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
),

{% if is_incremental() %}
known_spread as (
    select * from {{ ref('int_changes__purchase_spread') }}
),

changes as (
    select * from {{ ref('int_changes__orders') }}
),

-- Products of which another quantity or price is unusual now.
changed_ranges as (
    select spread.product_id
    from spread
    left join known_spread on spread.product_id = known_spread.product_id
    where
        (spread.least_quantity, spread.greatest_quantity, spread.least_price, spread.greatest_price)
        is distinct from (
            known_spread.least_quantity,
            known_spread.greatest_quantity,
            known_spread.least_price,
            known_spread.greatest_price
        )
),

-- The hook has removed the items of changed orders, so what is known is of others.
computed as (
    select flagged.*
    from changes
    inner join flagged on changes.source = flagged.source and changes.order_id = flagged.order_id
    union all
    select flagged.*
    from changed_ranges
    inner join flagged on changed_ranges.product_id = flagged.product_id
    inner join {{ this }} as known
        on
            flagged.source = known.source
            and flagged.order_id = known.order_id
            and flagged.line_number = known.line_number
    where
        (flagged.is_quantity_outlier, flagged.is_price_outlier)
        is distinct from (known.is_quantity_outlier, known.is_price_outlier)
)
{% else %}
computed as (
    select * from flagged
)
{% endif %}

select * from computed
