-- Behind what reads the last state of this table.
-- depends_on: {{ ref('int_changes__held_back_items') }}
with products as (
    select * from {{ ref('products') }}
),

accepted_texts as (
    select * from {{ ref('accepted_texts') }}
),

texts as (
    select
        products.product_id,
        described.column_name,
        described.value
    from products
    cross join
        lateral (
            values
            ('item_id', products.product_id),
            ('product_name', products.product_name),
            ('category', products.category)
        ) as described (column_name, value)
    where products.is_product and described.value is not null
),

checked as (
    select
        product_id as item_id,
        column_name,
        {{ private_part('value') }} as reason,
        left(md5(value), 12) as text_digest
    from texts
),

held_back as (
    select checked.*
    from checked
    left join accepted_texts on checked.text_digest = accepted_texts.text_digest
    where checked.reason is not null and accepted_texts.text_digest is null
)

select * from held_back
