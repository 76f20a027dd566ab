{%- set stored_purchases = stored('intermediate', 'int_purchases__by_order') -%}

with changes as (
    select * from {{ ref('int_changes__orders') }}
),

purchases as (
    {% if stored_purchases %}
    select
        known.source,
        known.order_id,
        known.product_id,
        known.n_lines,
        known.quantity
    from changes
    inner join {{ stored_purchases }} as known
        on changes.source = known.source and changes.order_id = known.order_id
    {% else %}
    select
        source,
        order_id,
        null::text as product_id,
        null::bigint as n_lines,
        null::numeric as quantity
    from changes
    where false
    {% endif %}
)

select * from purchases
