{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ without_changed_people(ref('int_changes__users')) }}",
    indexes=[{'columns': ['user_id'], 'unique': true}],
) }}

with customers as (
    {{ of_changed_people(ref('customers'), ref('int_changes__users')) }}
),

purchases as (
    {{ purchases_of_changed_people() }}
),

held_back_items as (
    select * from {{ ref('held_back_items') }}
),

places as (
    select * from {{ ref('int_places') }}
    where seems_to_hold is null
),

buyers as (
    select distinct user_id
    from purchases
    where user_id is not null and product_id not in (select held_back_items.item_id from held_back_items)
),

users as (
    select
        customers.user_id,
        null::integer as age,
        null::text as gender,
        {{ categorical("concat_ws(', ', cities.written, provinces.written)") }} as location
    from customers
    inner join buyers on customers.user_id = buyers.user_id
    left join places as cities on customers.city = cities.written
    left join places as provinces on customers.province = provinces.written
)

select * from users
