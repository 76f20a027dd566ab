{%- set stored_items = stored('core', 'held_back_items') -%}

with items as (
    {% if stored_items %}
    select distinct item_id from {{ stored_items }}
    {% else %}
    select null::text as item_id
    where false
    {% endif %}
)

select * from items
