{{ config(
    indexes=[{'columns': ['region_kind', 'region'], 'unique': true}],
    post_hook="{{ readable_by_serving() }}"
) }}

with order_regions as (
    select * from {{ ref('int_orders__regions') }}
),

region_customers as (
    select * from {{ ref('region_customers') }}
),

spelt as (
    select
        region_kind,
        region,
        mode() within group (order by written) as region_name,
        count(*) as n_orders
    from order_regions
    group by region_kind, region
),

peopled as (
    select
        region_kind,
        region,
        count(*) as n_customers
    from region_customers
    group by region_kind, region
),

described as (
    select
        spelt.region_kind,
        spelt.region,
        spelt.region_name,
        spelt.n_orders,
        coalesce(peopled.n_customers, 0) as n_customers
    from spelt
    left join peopled on spelt.region_kind = peopled.region_kind and spelt.region = peopled.region
)

select * from described
