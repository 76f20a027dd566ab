{{ config(
    indexes=[{'columns': ['user_id']}],
    post_hook="{{ readable_by_serving() }}"
) }}

with purchases as (
    select * from {{ ref('int_purchases__by_order') }}
),

held_back_items as (
    select * from {{ ref('held_back_items') }}
),

interactions as (
    select
        user_id,
        product_id as item_id,
        'purchase'::text as event_type,
        quantity::real as event_value,
        {{ epoch_seconds('ordered_at') }} as timestamp
    from purchases
    where user_id is not null and product_id not in (select held_back_items.item_id from held_back_items)
)

select * from interactions
