{%- set labels = ['product_name', 'category', 'brand'] -%}

with label_sets as (
    select * from {{ ref('int_products__label_sets') }}
),

products as (
    select * from {{ ref('int_products__classified') }}
),

{% for label in labels %}
{{ label }}_uses as (
    select
        product_id,
        {{ label }},
        sum(n_sales) > 0 as is_sold,
        max(newest_at) as newest_at,
        sum(n_lines) as n_lines
    from label_sets
    where {{ label }} <> ''
    group by product_id, {{ label }}
),

newest_{{ label }} as (
    select distinct on (product_id)
        product_id,
        {{ label }}
    from {{ label }}_uses
    order by product_id asc, is_sold desc, newest_at desc, n_lines desc, {{ label }} asc
),

{% endfor %}
labelled as (
    select
        products.product_id,
        newest_product_name.product_name,
        newest_category.category,
        newest_brand.brand
    from products
    left join newest_product_name on products.product_id = newest_product_name.product_id
    left join newest_category on products.product_id = newest_category.product_id
    left join newest_brand on products.product_id = newest_brand.product_id
)

select * from labelled
