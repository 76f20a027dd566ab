-- One row: how many canaries were tried out in the newest days. How long each of them stood is not recorded.
select count(*) as n_canaries
from ops.receipts
where
    leg = 'evaluate'
    and details ? 'n_questions'
    and finished_at >= now() - make_interval(days => %(n_days)s)
