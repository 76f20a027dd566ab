-- The first try of a run decides; a later one is told what the first one found.
insert into ops.interventions as decided (run_key, kind, subject, asked_by, reason, before)
values (%(run_key)s, %(kind)s, %(subject)s, %(asked_by)s, %(reason)s, %(before)s)
on conflict (run_key, kind, subject) do update set asked_at = decided.asked_at
returning decided.before
