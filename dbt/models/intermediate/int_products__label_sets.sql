{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['product_id', 'product_name', 'category', 'brand'],
    on_schema_change='fail',
    post_hook="{{ without_zeros('n_lines') }}",
    indexes=[{'columns': ['product_id', 'product_name', 'category', 'brand'], 'unique': true}],
) }}

-- What an order has counted until now is taken away, and what it counts now is added. No label is an empty text here,
-- so that it can be part of the key.
with counts as (
    select
        product_id,
        product_name,
        category,
        brand,
        ordered_at,
        is_sale,
        1 as n_lines
    from ({{ of_changed_orders(ref('int_order_items__classified')) }}) as current_items
    union all
    select
        product_id,
        product_name,
        category,
        brand,
        ordered_at,
        is_sale,
        -1 as n_lines
    from {{ ref('int_changes__order_items') }}
),

moves as (
    select
        product_id,
        coalesce(product_name, '') as product_name,
        coalesce(category, '') as category,
        coalesce(brand, '') as brand,
        sum(n_lines)::bigint as n_lines,
        coalesce(sum(n_lines) filter (where is_sale), 0)::bigint as n_sales,
        max(ordered_at) filter (where n_lines > 0) as newest_at,
        max(ordered_at) filter (where n_lines < 0) as newest_gone_at
    from counts
    group by product_id, coalesce(product_name, ''), coalesce(category, ''), coalesce(brand, '')
),

{% if is_incremental() %}
label_sets as (
    select
        moves.product_id,
        moves.product_name,
        moves.category,
        moves.brand,
        coalesce(known.n_lines, 0) + moves.n_lines as n_lines,
        coalesce(known.n_sales, 0) + moves.n_sales as n_sales,
        -- The newest item is not there any more: which is it now?
        case
            when moves.newest_gone_at >= known.newest_at and coalesce(moves.newest_at < known.newest_at, true)
                then (
                    select max(order_items.ordered_at)
                    from {{ ref('int_order_items__classified') }} as order_items
                    where
                        order_items.product_id = moves.product_id
                        and coalesce(order_items.product_name, '') = moves.product_name
                        and coalesce(order_items.category, '') = moves.category
                        and coalesce(order_items.brand, '') = moves.brand
                )
            else greatest(known.newest_at, moves.newest_at)
        end as newest_at
    from moves
    left join {{ this }} as known
        on
            moves.product_id = known.product_id
            and moves.product_name = known.product_name
            and moves.category = known.category
            and moves.brand = known.brand
)
{% else %}
label_sets as (
    select
        product_id,
        product_name,
        category,
        brand,
        n_lines,
        n_sales,
        newest_at
    from moves
)
{% endif %}

select * from label_sets
