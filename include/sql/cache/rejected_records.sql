-- name: create
-- One row per line of batch output that gave no list: why, and the line itself. Kept while its generation can return.
create table if not exists {cache}.rejected_lines (
    generation text not null,
    subject text not null check (subject in ('users', 'items')),
    object_key text not null,
    line_number bigint not null,
    reason text not null,
    detail text not null,
    payload text not null,
    primary key (generation, subject, object_key, line_number)
);

-- name: copy
copy {cache}.rejected_lines (generation, subject, object_key, line_number, reason, detail, payload)
from stdin;

-- name: summary
-- Why lines of one generation gave no list, most frequent reason first, with one example of each.
select
    reason,
    detail,
    count(*) as n_lines
from {cache}.rejected_lines
where generation = %(generation)s and subject = %(subject)s
group by reason, detail
order by n_lines desc, reason asc, detail asc
limit 5;

-- name: forget
delete from {cache}.rejected_lines
where generation = %(generation)s and subject = %(subject)s;

-- name: forget_retired
delete from {cache}.rejected_lines
using {cache}.generations
where rejected_lines.generation = generations.generation and generations.state = 'retired';

-- name: forget_users
-- Refused lines that name a user.
delete from {cache}.rejected_lines
using unnest(%(user_ids)s::text[]) as erased (user_id)
where strpos(rejected_lines.payload, erased.user_id) > 0 or strpos(rejected_lines.detail, erased.user_id) > 0;
