-- name: create
-- One row per thing that a person had done by hand: what it was like before, who asked for it, and why.
-- is_done is false from the moment it is decided until it is done.
create table if not exists ops.interventions (
    run_key text not null,
    kind text not null check (kind in ('invalidation', 'rollback', 'acceptance')),
    subject text not null,
    asked_by text not null,
    reason text not null,
    before text,
    after text,
    is_done boolean not null default false,
    asked_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (run_key, kind, subject)
);

-- A warehouse that is older than acceptances learns of them here.
alter table ops.interventions drop constraint if exists interventions_kind_check;
alter table ops.interventions add constraint interventions_kind_check
check (kind in ('invalidation', 'rollback', 'acceptance'));

-- name: begin
-- The first attempt of a run decides; a later one gets what the first found.
insert into ops.interventions as decided (run_key, kind, subject, asked_by, reason, before)
values (%(run_key)s, %(kind)s, %(subject)s, %(asked_by)s, %(reason)s, %(before)s)
on conflict (run_key, kind, subject) do update set asked_at = decided.asked_at
returning decided.before;

-- name: finish
update ops.interventions set
    after = %(after)s,
    is_done = true,
    done_at = clock_timestamp()
where run_key = %(run_key)s and kind = %(kind)s and subject = %(subject)s;

-- name: newest_rollbacks
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
limit 20;
