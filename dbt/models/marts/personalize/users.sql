{{ config(indexes=[{'columns': ['user_id'], 'unique': true}]) }}

with customers as (
    select * from {{ ref('customers') }}
),

users as (
    select
        user_id,
        null::integer as age,
        null::text as gender,
        {{ categorical("concat_ws(', ', city, province)") }} as location
    from customers
    where n_purchases > 0
)

select * from users
