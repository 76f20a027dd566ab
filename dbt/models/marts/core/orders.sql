-- Behind what reads the last state of this table.
-- depends_on: {{ ref('int_changes__customers') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_orders() }}",
    indexes=[{'columns': ['source', 'order_id'], 'unique': true}, {'columns': ['user_id']}],
) }}

with orders as (
    {{ of_changed_orders(ref('int_orders__read')) }}
),

order_items as (
    {{ of_changed_orders(ref('int_order_items__classified')) }}
),

order_totals as (
    select
        source,
        order_id,
        sum(n_lines)::bigint as n_lines,
        (sum(n_lines) filter (where is_sale))::bigint as n_sales,
        (sum(n_lines) filter (where is_purchase))::bigint as n_purchases,
        sum(quantity * n_lines) as n_items,
        sum(quantity * unit_price * n_lines) as items_amount
    from order_items
    group by source, order_id
),

summed as (
    select
        orders.source,
        orders.order_id,
        orders.order_number,
        orders.user_id,
        orders.ordered_at,
        orders.status,
        orders.status = 'cancelled' as is_cancelled,
        orders.city,
        orders.province,
        orders.payment_mode,
        orders.brand,
        coalesce(order_totals.n_lines, 0) as n_lines,
        coalesce(order_totals.n_sales, 0) as n_sales,
        coalesce(order_totals.n_purchases, 0) as n_purchases,
        coalesce(order_totals.n_items, 0) as n_items,
        coalesce(order_totals.items_amount, 0) as items_amount,
        coalesce(orders.total_amount, order_totals.items_amount, 0) as total_amount
    from orders
    left join order_totals
        on orders.source = order_totals.source and orders.order_id = order_totals.order_id
)

select * from summed
