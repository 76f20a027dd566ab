-- Refused lines that name a user.
delete from {cache}.rejected_lines
using unnest(%(user_ids)s::text[]) as erased (user_id)
where strpos(rejected_lines.payload, erased.user_id) > 0 or strpos(rejected_lines.detail, erased.user_id) > 0
