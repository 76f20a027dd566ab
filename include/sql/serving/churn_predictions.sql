-- name: latest
select
    churn_risk,
    prediction_date
from serving.churn_predictions
where user_id = %(user_id)s
order by prediction_date desc
limit 1;

-- name: are_any
select exists(select from serving.churn_predictions) as are_any;
