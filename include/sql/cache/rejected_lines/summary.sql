-- Why lines of one generation gave no list, most frequent reason first, with one example of each.
select
    reason,
    detail,
    count(*) as n_lines
from {cache}.rejected_lines
where generation = %(generation)s and subject = %(subject)s
group by reason, detail
order by n_lines desc, reason asc, detail asc
limit 5
