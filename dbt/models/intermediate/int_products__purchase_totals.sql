{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='product_id',
    on_schema_change='fail',
    post_hook="{{ without_zeros('n_orders') }}",
    indexes=[{'columns': ['product_id'], 'unique': true}],
) }}

-- What an order has counted until now is taken away, and what it counts now is added.
with counts as (
    select
        product_id,
        1 as n_orders,
        n_lines,
        quantity
    from ({{ of_changed_orders(ref('int_purchases__by_order')) }}) as current_purchases
    union all
    select
        product_id,
        -1 as n_orders,
        -n_lines as n_lines,
        -quantity as quantity
    from {{ ref('int_changes__purchases') }}
),

moves as (
    select
        product_id,
        sum(n_orders)::bigint as n_orders,
        sum(n_lines)::bigint as n_purchases,
        sum(quantity) as n_sold
    from counts
    group by product_id
),

totals as (
    {% if is_incremental() %}
    select
        moves.product_id,
        coalesce(known.n_orders, 0) + moves.n_orders as n_orders,
        coalesce(known.n_purchases, 0) + moves.n_purchases as n_purchases,
        coalesce(known.n_sold, 0) + moves.n_sold as n_sold
    from moves
    left join {{ this }} as known on moves.product_id = known.product_id
    {% else %}
    select * from moves
    {% endif %}
)

select * from totals
