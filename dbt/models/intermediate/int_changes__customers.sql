{%- set stored_orders = stored('core', 'orders') -%}

with changes as (
    select * from {{ ref('int_changes__orders') }}
),

orders as (
    select * from {{ ref('int_orders__read') }}
),

people as (
    select orders.user_id
    from changes
    inner join orders on changes.source = orders.source and changes.order_id = orders.order_id
    {% if stored_orders %}
    union all
    select known.user_id
    from changes
    inner join {{ stored_orders }} as known
        on changes.source = known.source and changes.order_id = known.order_id
    {% endif %}
),

customers as (
    select distinct user_id
    from people
    where user_id is not null
)

select * from customers
