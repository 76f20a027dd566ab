select
    fingerprint,
    arn,
    run_key,
    output_uri
from ops.jobs
where purpose = %(purpose)s
order by started_at desc
limit 1
