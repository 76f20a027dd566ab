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

moved_purchases as (
    select
        source,
        order_id,
        product_id,
        1 as n_orders
    from ({{ of_changed_orders(ref('int_purchases__by_order')) }}) as current_purchases
    union all
    select
        source,
        order_id,
        product_id,
        -1 as n_orders
    from {{ ref('int_changes__purchases') }}
),

moved_regions as (
    select
        source,
        order_id,
        region_kind,
        region,
        1 as n_orders
    from ({{ of_changed_orders(ref('int_orders__regions')) }}) as current_regions
    union all
    select
        source,
        order_id,
        region_kind,
        region,
        -1 as n_orders
    from {{ ref('int_changes__regions') }}
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
        sum(n_orders) as n_orders,
        0 as n_recent_orders,
        0 as n_earlier_orders
    from moved_purchases
    group by product_id
    union all
    select
        moved_regions.region_kind,
        moved_regions.region,
        moved_purchases.product_id,
        sum(moved_purchases.n_orders) as n_orders,
        0 as n_recent_orders,
        0 as n_earlier_orders
    from moved_purchases
    inner join moved_regions
        on
            moved_purchases.source = moved_regions.source
            and moved_purchases.order_id = moved_regions.order_id
            and moved_purchases.n_orders = moved_regions.n_orders
    group by moved_regions.region_kind, moved_regions.region, moved_purchases.product_id
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
