-- Behind what reads the last state of this table.
-- depends_on: {{ ref('int_changes__purchases') }}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_orders() }}",
    indexes=[{'columns': ['source', 'order_id', 'product_id'], 'unique': true}],
) }}

with order_items as (
    {{ of_changed_orders(ref('int_order_items__classified')) }}
),

purchases as (
    select
        source,
        order_id,
        product_id,
        user_id,
        ordered_at,
        sum(n_lines)::bigint as n_lines,
        sum(quantity * n_lines) as quantity,
        sum(quantity * unit_price * n_lines) as amount
    from order_items
    where is_purchase
    group by source, order_id, product_id, user_id, ordered_at
)

select * from purchases
