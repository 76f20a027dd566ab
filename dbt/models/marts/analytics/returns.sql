with items as (
    select
        source,
        order_id,
        line_number,
        user_id,
        product_id,
        ordered_at,
        is_purchase,
        case when is_purchase then quantity * n_lines else 0 end as n_bought,
        case when is_purchase then 0 else -quantity * n_lines end as n_returned
    from {{ ref('order_items') }}
    where user_id is not null and is_product and (is_purchase or quantity < 0)
),

-- Units of one customer and product so far.
counted as (
    select
        *,
        sum(n_bought) over history as n_bought_until,
        sum(n_returned) over history as n_returned_until
    from items
    window history as (
        partition by user_id, product_id
        order by ordered_at, is_purchase desc, source, order_id, line_number
        rows unbounded preceding
    )
),

-- What exceeded the units bought at any time was bought before the data begin, or by somebody else.
reduced as (
    select
        *,
        n_returned_until - greatest(max(n_returned_until - n_bought_until) over history, 0) as n_matched_until
    from counted
    window history as (
        partition by user_id, product_id
        order by ordered_at, is_purchase desc, source, order_id, line_number
        rows unbounded preceding
    )
),

placed as (
    select
        *,
        lag(n_matched_until, 1, 0::numeric) over (
            partition by user_id, product_id
            order by ordered_at, is_purchase desc, source, order_id, line_number
        ) as n_matched_before
    from reduced
),

matched as (
    select
        given_back.source,
        given_back.order_id,
        given_back.line_number,
        given_back.user_id,
        given_back.product_id,
        given_back.ordered_at as returned_at,
        least(bought.n_bought_until, given_back.n_matched_until)
        - greatest(bought.n_bought_until - bought.n_bought, given_back.n_matched_before) as n_units,
        bought.source as purchase_source,
        bought.order_id as purchase_order_id,
        bought.line_number as purchase_line_number,
        bought.ordered_at as purchased_at
    from placed as given_back
    inner join placed as bought
        on
            given_back.user_id = bought.user_id
            and given_back.product_id = bought.product_id
            and bought.is_purchase
            and given_back.n_matched_until > bought.n_bought_until - bought.n_bought
            and given_back.n_matched_before < bought.n_bought_until
    where not given_back.is_purchase and given_back.n_matched_until > given_back.n_matched_before
    union all
    select
        source,
        order_id,
        line_number,
        user_id,
        product_id,
        ordered_at as returned_at,
        n_returned - (n_matched_until - n_matched_before) as n_units,
        null as purchase_source,
        null as purchase_order_id,
        null as purchase_line_number,
        null as purchased_at
    from placed
    where not is_purchase and n_returned > n_matched_until - n_matched_before
)

select * from matched
