{%- set stored_spread = stored('intermediate', 'int_products__purchase_spread') -%}

with spread as (
    {% if stored_spread %}
    select
        product_id,
        least_quantity,
        greatest_quantity,
        least_price,
        greatest_price
    from {{ stored_spread }}
    {% else %}
    select
        null::text as product_id,
        null::double precision as least_quantity,
        null::double precision as greatest_quantity,
        null::double precision as least_price,
        null::double precision as greatest_price
    where false
    {% endif %}
)

select * from spread
