with customers as (
    select * from {{ ref('int_changes__customers') }}
),

known_items as (
    select * from {{ ref('int_changes__held_back_items') }}
),

held_back_items as (
    select * from {{ ref('held_back_items') }}
),

purchases as (
    select * from {{ ref('int_purchases__by_order') }}
    where user_id is not null
),

changed_items as (
    (
        select item_id from known_items
        except
        select item_id from held_back_items
    )
    union all
    (
        select item_id from held_back_items
        except
        select item_id from known_items
    )
),

users as (
    select user_id from customers
    union
    select purchases.user_id
    from changed_items
    inner join purchases on changed_items.item_id = purchases.product_id
)

select * from users
