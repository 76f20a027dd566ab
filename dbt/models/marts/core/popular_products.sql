{{ config(
    indexes=[{'columns': ['region_kind', 'region', 'product_id'], 'unique': true}],
    post_hook="{{ readable_by_serving() }}"
) }}

with purchases as (
    select * from {{ ref('int_purchases__by_order') }}
),

order_regions as (
    select * from {{ ref('int_orders__regions') }}
),

newest as (
    select max(ordered_at) as ordered_at
    from purchases
),

dated as (
    select
        purchases.source,
        purchases.order_id,
        purchases.product_id,
        purchases.ordered_at > newest.ordered_at - make_interval(days => {{ var('trend_days') }}) as is_recent,
        purchases.ordered_at > newest.ordered_at - make_interval(days => 2 * {{ var('trend_days') }}) as is_compared
    from purchases
    cross join newest
),

placed as (
    select
        'all' as region_kind,
        'ALL' as region,
        dated.product_id,
        dated.is_recent,
        dated.is_compared
    from dated
    union all
    select
        order_regions.region_kind,
        order_regions.region,
        dated.product_id,
        dated.is_recent,
        dated.is_compared
    from dated
    inner join order_regions
        on dated.source = order_regions.source and dated.order_id = order_regions.order_id
),

counted as (
    select
        region_kind,
        region,
        product_id,
        count(*) as n_orders,
        count(*) filter (where is_recent) as n_recent_orders,
        count(*) filter (where is_compared and not is_recent) as n_earlier_orders
    from placed
    group by region_kind, region, product_id
)

select * from counted
