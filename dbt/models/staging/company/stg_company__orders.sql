with orders as (
    select * from {{ source('company', 'company__orders') }}
),

renamed as (
    select
        source,
        order_id,
        order_number,
        user_id,
        ordered_at,
        status,
        nullif(btrim(city), '') as city,
        nullif(btrim(province), '') as province,
        nullif(btrim(payment_mode), '') as payment_mode,
        nullif(btrim(brand), '') as brand,
        total_amount
    from orders
)

select * from renamed
