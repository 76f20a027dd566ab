{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['product_number', 'with_product_number'],
    on_schema_change='fail',
    indexes=[{'columns': ['product_number', 'with_product_number'], 'unique': true}],
) }}

with products as (
    select * from {{ ref('int_products__classified') }}
),

-- What an order has counted until now is taken away, and what it counts now is added.
purchases as (
    select
        source,
        order_id,
        product_id,
        1 as n_orders
    from ({{ of_changed_orders(ref('int_purchases__by_order')) }}) as current_purchases
    union all
    select
        source,
        order_id,
        product_id,
        -1 as n_orders
    from {{ ref('int_changes__purchases') }}
),

order_sizes as (
    select
        source,
        order_id,
        n_orders,
        row_number() over ()::integer as order_number
    from purchases
    group by source, order_id, n_orders
    having count(*) between 2 and {{ var('together_max_products') }}
),

-- Small numbers in place of the ids: there are millions of pairs, to be counted in memory.
baskets as (
    select
        order_sizes.order_number,
        order_sizes.n_orders,
        products.product_number
    from purchases
    inner join order_sizes
        on
            purchases.source = order_sizes.source
            and purchases.order_id = order_sizes.order_id
            and purchases.n_orders = order_sizes.n_orders
    inner join products on purchases.product_id = products.product_id
),

moves as (
    select
        baskets.product_number,
        others.product_number as with_product_number,
        sum(baskets.n_orders)::integer as n_orders
    from baskets
    inner join baskets as others
        on baskets.order_number = others.order_number and baskets.product_number < others.product_number
    group by baskets.product_number, others.product_number
),

counted as (
    {% if is_incremental() %}
    select
        moves.product_number,
        moves.with_product_number,
        coalesce(known.n_orders, 0) + moves.n_orders as n_orders
    from moves
    left join {{ this }} as known
        on
            moves.product_number = known.product_number
            and moves.with_product_number = known.with_product_number
    where moves.n_orders <> 0
    {% else %}
    select * from moves
    {% endif %}
)

select * from counted
