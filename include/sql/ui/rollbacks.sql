-- The newest rollbacks, by whom and why.
select
    subject,
    asked_by,
    reason,
    before,
    after,
    is_done,
    asked_at
from ops.interventions
where kind = 'rollback'
order by asked_at desc
limit 20
