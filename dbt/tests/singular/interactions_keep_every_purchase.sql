{{ config(group='warehouse') }}

-- Mass of interactions: as many units as core.order_items says that known users purchased, of products that are not
-- held back. A build that computes only what changed looks at the people whom it computed.
{%- set changes, orders = ref('int_changes__users'), ref('orders') %}
{%- set is_of_changes = looks_at_changes() %}

with order_items as (
    {% if is_of_changes %}
    select items.*
    from {{ changes }} as changes
    inner join {{ orders }} as changed on changes.user_id = changed.user_id
    {{ rows_of_changed(ref('order_items'), ['source', 'order_id']) }} as items
    {% else %}
    select * from {{ ref('order_items') }}
    {% endif %}
),

held_back_items as (
    select * from {{ ref('held_back_items') }}
),

interactions as (
    {% if is_of_changes %}
    select interactions.*
    from {{ changes }} as changed
    {{ rows_of_changed(ref('interactions'), ['user_id']) }} as interactions
    {% else %}
    select * from {{ ref('interactions') }} as interactions
    {% endif %}
    where interactions.event_type = 'purchase'
),

purchased as (
    select coalesce(sum(quantity * n_lines), 0)::double precision as units
    from order_items
    where
        is_purchase and user_id is not null and product_id not in (select held_back_items.item_id from held_back_items)
),

given as (
    select coalesce(sum(event_value::double precision), 0) as units
    from interactions
)

select
    purchased.units as purchased_units,
    given.units as given_units
from purchased
cross join given
where abs(purchased.units - given.units) > purchased.units * 0.000001
