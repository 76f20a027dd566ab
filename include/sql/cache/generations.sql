-- name: create
-- One row per generation ever published. At most one is live, and at most one previous.
create table if not exists {cache}.generations (
    generation text primary key,
    state text not null check (state in ('live', 'previous', 'retired')),
    user_lists bigint not null,
    item_lists bigint not null,
    users_asked bigint not null,
    items_asked bigint not null,
    solution_versions jsonb not null,
    published_at timestamptz not null default now()
);

create unique index if not exists generations_one_live on {cache}.generations (state) where state = 'live';
create unique index if not exists generations_one_previous on {cache}.generations (state) where state = 'previous';

-- name: publish
insert into {cache}.generations (
    generation, state, user_lists, item_lists, users_asked, items_asked, solution_versions, published_at
)
values (
    %(generation)s, 'live', %(user_lists)s, %(item_lists)s, %(users_asked)s, %(items_asked)s, %(solution_versions)s,
    clock_timestamp()
)
on conflict (generation) do update set
    state = excluded.state,
    user_lists = excluded.user_lists,
    item_lists = excluded.item_lists,
    users_asked = excluded.users_asked,
    items_asked = excluded.items_asked,
    solution_versions = excluded.solution_versions,
    published_at = excluded.published_at;

-- name: set_aside
-- Make the live generation the previous one, and retire the previous one.
update {cache}.generations set state = 'retired'
where state = 'previous';
update {cache}.generations set state = 'previous'
where state = 'live';

-- name: swap
-- Swap the live and the previous generation, in three steps: no two generations may have one state at any time.
do $$
declare
    left_live text;
begin
    update {cache}.generations set state = 'retired' where state = 'live' returning generation into left_live;
    update {cache}.generations set state = 'live' where state = 'previous';
    update {cache}.generations set state = 'previous' where generation = left_live;
end
$$;

-- name: in_state
select generation
from {cache}.generations
where state = %(state)s;

-- name: live
-- What is live in one group, which has a place among those that are looked at together.
select
    {nth} as place,
    generation,
    published_at,
    user_lists,
    item_lists
from {cache}.generations
where state = 'live';

-- name: figures
-- What the live generation of one group holds, which has a place among those that are looked at together.
select
    {nth} as place,
    generation,
    published_at,
    user_lists,
    users_asked
from {cache}.generations
where state = 'live';
