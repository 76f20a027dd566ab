{{ config(indexes=[{'columns': ['user_id'], 'unique': true}]) }}

with customers as (
    select * from {{ ref('customers') }}
),

public_places as (
    select
        user_id,
        {{ without_contact('city') }} as city,
        {{ without_contact('province') }} as province
    from customers
    where n_purchases > 0
),

users as (
    select
        user_id,
        null::integer as age,
        null::text as gender,
        {{ categorical("concat_ws(', ', city, province)") }} as location
    from public_places
)

select * from users
