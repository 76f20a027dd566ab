-- name: create
-- One row per build of the marts: whether it computed everything or only what changed, and why. definition is the
-- digest of the models, seeds and settings that it was made by, tables are those that it left; a build without
-- finished_at failed or still runs.
create table if not exists ops.mart_builds (
    build_id bigint generated always as identity primary key,
    definition text not null,
    is_full boolean not null,
    reason text not null,
    tables text[] not null default '{}',
    started_at timestamptz not null default now(),
    finished_at timestamptz
);

-- name: take_turn
-- Whether no other build runs: two would count the same changes twice. Held until the session ends.
select pg_try_advisory_lock(hashtextextended('aisle mart build', 0));

-- name: newest
select
    definition,
    finished_at is not null as is_finished,
    (
        select min(name)
        from unnest(tables) as name
        where to_regclass(name) is null
    ) as lost_table
from ops.mart_builds
order by build_id desc
limit 1;

-- name: begin
insert into ops.mart_builds (definition, is_full, reason)
values (%(definition)s, %(is_full)s, %(reason)s)
returning build_id;

-- name: finish
update ops.mart_builds set
    finished_at = clock_timestamp(),
    tables = %(tables)s
where build_id = %(build_id)s;
