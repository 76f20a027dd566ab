{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['product_id', 'measure', 'value'],
    on_schema_change='fail',
    post_hook="{{ without_zeros('n_purchases') }}",
    indexes=[{'columns': ['product_id', 'measure', 'value'], 'unique': true}],
) }}

with order_items as (
    {{ of_changed_orders(ref('int_order_items__classified')) }}
),

known_items as (
    select * from {{ ref('int_changes__order_items') }}
),

counts as (
    select
        product_id,
        case when grouping(quantity) = 0 then 'quantity' else 'price' end as measure,
        coalesce(quantity, unit_price)::double precision as value,
        count(*) as n_purchases
    from order_items
    where is_purchase
    group by grouping sets ((product_id, quantity), (product_id, unit_price))
    union all
    select
        product_id,
        case when grouping(quantity) = 0 then 'quantity' else 'price' end as measure,
        coalesce(quantity, unit_price)::double precision as value,
        -count(*) as n_purchases
    from known_items
    where is_purchase
    group by grouping sets ((product_id, quantity), (product_id, unit_price))
),

moves as (
    select
        product_id,
        measure,
        value,
        sum(n_purchases)::bigint as n_purchases
    from counts
    group by product_id, measure, value
),

counted as (
    {% if is_incremental() %}
    select
        moves.product_id,
        moves.measure,
        moves.value,
        coalesce(known.n_purchases, 0) + moves.n_purchases as n_purchases
    from moves
    left join {{ this }} as known
        on
            moves.product_id = known.product_id
            and moves.measure = known.measure
            and moves.value = known.value
    where moves.n_purchases <> 0
    {% else %}
    select * from moves
    {% endif %}
)

select * from counted
