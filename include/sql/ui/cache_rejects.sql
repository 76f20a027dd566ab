-- Why lines of batch output gave no list: one row per generation, subject and reason.
select
    generation,
    subject,
    reason,
    min(detail) as example,
    count(*) as n_lines
from {cache}.rejected_lines
group by generation, subject, reason
order by generation desc, n_lines desc, subject asc, reason asc
limit 50
