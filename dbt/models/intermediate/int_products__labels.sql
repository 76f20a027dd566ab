{%- set labels = ['product_name', 'category', 'brand'] -%}

with order_items as (
    select * from {{ ref('int_order_items__classified') }}
),

products as (
    select * from {{ ref('int_products__classified') }}
),

label_sets as (
    select
        product_id,
        product_name,
        category,
        brand,
        bool_or(is_sale) as is_sold,
        max(ordered_at) as newest_at,
        count(*) as n_lines
    from order_items
    group by product_id, product_name, category, brand
),

{% for label in labels %}
{{ label }}_uses as (
    select
        product_id,
        {{ label }},
        bool_or(is_sold) as is_sold,
        max(newest_at) as newest_at,
        sum(n_lines) as n_lines
    from label_sets
    where {{ label }} is not null
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
