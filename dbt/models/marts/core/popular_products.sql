{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['region_kind', 'region', 'product_id'],
    on_schema_change='fail',
    post_hook=["{{ readable_by_serving() }}", "{{ without_zeros('n_orders') }}"],
    indexes=[{'columns': ['region_kind', 'region', 'product_id'], 'unique': true}],
) }}

-- An incremental build takes away what changed orders had counted and adds what they count now. What is recent moves
-- on with every purchase, so that the two spans are counted anew: they are a small part of all orders.
with purchases as (
    select * from {{ ref('int_purchases__by_order') }}
),

order_regions as (
    select * from {{ ref('int_orders__regions') }}
),

changed_purchases as (
    {{ of_changed_orders(ref('int_purchases__by_order')) }}
),

changed_regions as (
    {{ of_changed_orders(ref('int_orders__regions')) }}
),

known_purchases as (
    select * from {{ ref('int_changes__purchases') }}
),

known_regions as (
    select * from {{ ref('int_changes__regions') }}
),

spans as (
    select
        max(ordered_at) - make_interval(days => {{ var('trend_days') }}) as recent_after,
        max(ordered_at) - make_interval(days => 2 * {{ var('trend_days') }}) as compared_after
    from purchases
),

dated as (
    select
        purchases.source,
        purchases.order_id,
        purchases.product_id,
        purchases.ordered_at > spans.recent_after as is_recent
    from purchases
    inner join spans on purchases.ordered_at > spans.compared_after
),

counts as (
    select
        'all' as region_kind,
        'ALL' as region,
        product_id,
        count(*) as n_orders,
        0 as n_recent_orders,
        0 as n_earlier_orders
    from changed_purchases
    group by product_id
    union all
    select
        changed_regions.region_kind,
        changed_regions.region,
        changed_purchases.product_id,
        count(*) as n_orders,
        0 as n_recent_orders,
        0 as n_earlier_orders
    from changed_purchases
    inner join changed_regions
        on
            changed_purchases.source = changed_regions.source
            and changed_purchases.order_id = changed_regions.order_id
    group by changed_regions.region_kind, changed_regions.region, changed_purchases.product_id
    union all
    select
        'all' as region_kind,
        'ALL' as region,
        product_id,
        -count(*) as n_orders,
        0 as n_recent_orders,
        0 as n_earlier_orders
    from known_purchases
    group by product_id
    union all
    select
        known_regions.region_kind,
        known_regions.region,
        known_purchases.product_id,
        -count(*) as n_orders,
        0 as n_recent_orders,
        0 as n_earlier_orders
    from known_purchases
    inner join known_regions
        on
            known_purchases.source = known_regions.source
            and known_purchases.order_id = known_regions.order_id
    group by known_regions.region_kind, known_regions.region, known_purchases.product_id
    union all
    select
        'all' as region_kind,
        'ALL' as region,
        product_id,
        0 as n_orders,
        count(*) filter (where is_recent) as n_recent_orders,
        count(*) filter (where not is_recent) as n_earlier_orders
    from dated
    group by product_id
    union all
    select
        order_regions.region_kind,
        order_regions.region,
        dated.product_id,
        0 as n_orders,
        count(*) filter (where dated.is_recent) as n_recent_orders,
        count(*) filter (where not dated.is_recent) as n_earlier_orders
    from dated
    inner join order_regions
        on dated.source = order_regions.source and dated.order_id = order_regions.order_id
    group by order_regions.region_kind, order_regions.region, dated.product_id
    {% if is_incremental() %}
    union all
    select
        region_kind,
        region,
        product_id,
        n_orders,
        0 as n_recent_orders,
        0 as n_earlier_orders
    from {{ this }}
    {% endif %}
),

counted as (
    select
        region_kind,
        region,
        product_id,
        sum(n_orders)::bigint as n_orders,
        sum(n_recent_orders)::bigint as n_recent_orders,
        sum(n_earlier_orders)::bigint as n_earlier_orders
    from counts
    group by region_kind, region, product_id
),

{% if is_incremental() %}
changed as (
    select counted.*
    from counted
    left join {{ this }} as known
        on
            counted.region_kind = known.region_kind
            and counted.region = known.region
            and counted.product_id = known.product_id
    where
        (counted.n_orders, counted.n_recent_orders, counted.n_earlier_orders)
        is distinct from (known.n_orders, known.n_recent_orders, known.n_earlier_orders)
)
{% else %}
changed as (
    select * from counted
)
{% endif %}

select * from changed
