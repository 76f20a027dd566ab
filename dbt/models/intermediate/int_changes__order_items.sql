{%- set stored_items = stored('intermediate', 'int_order_items__classified') -%}

with changes as (
    select * from {{ ref('int_changes__orders') }}
),

order_items as (
    {% if stored_items %}
    select
        known.source,
        known.order_id,
        known.ordered_at,
        known.product_id,
        known.product_name,
        known.category,
        known.brand,
        known.quantity,
        known.unit_price,
        known.is_sale,
        known.is_purchase
    from changes
    inner join {{ stored_items }} as known
        on changes.source = known.source and changes.order_id = known.order_id
    {% else %}
    select
        source,
        order_id,
        null::timestamptz as ordered_at,
        null::text as product_id,
        null::text as product_name,
        null::text as category,
        null::text as brand,
        null::numeric as quantity,
        null::numeric as unit_price,
        null::boolean as is_sale,
        null::boolean as is_purchase
    from changes
    where false
    {% endif %}
)

select * from order_items
