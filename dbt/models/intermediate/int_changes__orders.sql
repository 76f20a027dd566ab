with changes as (
    select * from {{ source('company', 'company__order_changes') }}
    where build_id is not null and order_id is not null
),

orders as (
    select distinct
        source,
        order_id
    from changes
)

select * from orders
