-- Mass of interactions: as many units as core.order_items says that known users purchased, of products that are not
-- held back.
with order_items as (
    select * from {{ ref('order_items') }}
),

held_back_items as (
    select * from {{ ref('held_back_items') }}
),

interactions as (
    select * from {{ ref('interactions') }}
    where event_type = 'purchase'
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
