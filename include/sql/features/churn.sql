-- name: dates
-- The dates as of which customers are described, the oldest first.
select
    as_of_date,
    horizon_days,
    is_newest,
    is_known
from features.churn_dates
order by as_of_date;

-- name: count
-- How many labels these dates have.
select count(*) as n_labels
from features.churn_labels
where as_of_date = any(%(dates)s);

-- name: examples
-- What was known of customers as of these dates, and whether they churned. Of many customers a share, always the same
-- ones: by the first digits of their hash.
select
    customer_features.*,
    churn_labels.is_churned
from features.customer_features
inner join features.churn_labels
    on
        customer_features.as_of_date = churn_labels.as_of_date
        and customer_features.user_id = churn_labels.user_id
where
    customer_features.as_of_date = any(%(dates)s)  -- noqa: RF02
    and churn_labels.as_of_date = any(%(dates)s)  -- noqa: RF02
    and mod(abs(hashtext(customer_features.user_id)::bigint), 1000000) < 1000000 * %(share)s  -- noqa: RF02
    and mod(abs(hashtext(churn_labels.user_id)::bigint), 1000000) < 1000000 * %(share)s  -- noqa: RF02
order by customer_features.as_of_date, customer_features.user_id;

-- name: customers
-- What is known of every customer as of a date.
select *
from features.customer_features
where as_of_date = %(as_of_date)s
order by user_id;
