{%- set stored_regions = stored('intermediate', 'int_orders__regions') -%}

with changes as (
    select * from {{ ref('int_changes__orders') }}
),

regions as (
    {% if stored_regions %}
    select
        known.source,
        known.order_id,
        known.region_kind,
        known.region
    from changes
    inner join {{ stored_regions }} as known
        on changes.source = known.source and changes.order_id = known.order_id
    {% else %}
    select
        source,
        order_id,
        null::text as region_kind,
        null::text as region
    from changes
    where false
    {% endif %}
)

select * from regions
