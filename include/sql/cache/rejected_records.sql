-- name: create
-- One row per record of batch output that gave no list, with the reason. Kept while its generation can return.
alter table if exists {cache}.rejected_lines rename to rejected_records;
alter index if exists {cache}.rejected_lines_pkey rename to rejected_records_pkey;
create table if not exists {cache}.rejected_records (
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
copy {cache}.rejected_records (generation, subject, object_key, line_number, reason, detail, payload)
from stdin;

-- name: summary
-- Why records of a generation gave no list, the most frequent reason first.
select
    reason,
    detail,
    count(*) as n_lines
from {cache}.rejected_records
where generation = %(generation)s and subject = %(subject)s
group by reason, detail
order by n_lines desc, reason asc, detail asc
limit 5;

-- name: forget
delete from {cache}.rejected_records
where generation = %(generation)s and subject = %(subject)s;

-- name: forget_retired
delete from {cache}.rejected_records
using {cache}.generations
where rejected_records.generation = generations.generation and generations.state = 'retired';

-- name: forget_users
-- Delete rejected records that name an erased user.
delete from {cache}.rejected_records
using unnest(%(user_ids)s::text[]) as erased (user_id)
where strpos(rejected_records.payload, erased.user_id) > 0 or strpos(rejected_records.detail, erased.user_id) > 0;
