with order_items as (
    select * from {{ ref('int_order_items__classified') }}
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
