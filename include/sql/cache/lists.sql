-- name: create
-- The lists of the live generation. A group has two such tables, which differ in their names alone: one row per user
-- with what is recommended to them, and one row per product with what is similar to it. Readers see these names only; a
-- new generation takes them in one transaction.
create table if not exists {cache}.{table} (
    {key} varchar(255) primary key,
    {products} jsonb not null,
    updated_at timestamp not null,
    score_kind text not null,
    generation text not null
);

-- name: begin_staging
-- Drop a staging table that a failed run has left.
drop table if exists {cache}.{staging};
create table {cache}.{staging} (like {cache}.{table});

-- name: copy
-- freeze: a reader whose snapshot is older than this load still finds the new table full, never empty.
copy {cache}.{staging} ({key}, {products}, updated_at, score_kind, generation)
from stdin with (freeze);

-- name: drop_repeated
-- Of several records for one id the last one counts.
delete from {cache}.{staging} as earlier
using {cache}.{staging} as later
where earlier.{key} = later.{key} and earlier.ctid < later.ctid;

-- name: await_people
-- Wait until every order and erasure that is just being written is committed; none is until this transaction ends, and
-- from then on they find the staged lists.
select pg_advisory_xact_lock(hashtextextended('aisle ingest', 0));

-- name: follow_joined
-- Batch output may be older than the order that joined two customers: a list under a former id is the customer's of
-- today, who has none of their own yet.
update {cache}.{staging} as lists set {key} = former.user_id
from (
    select distinct on (links.user_id)
        links.user_id,
        links.contact_hash
    from {cache}.{staging} as staged
    inner join identity.links on staged.{key} = links.contact_hash
    left join {cache}.{staging} as own on links.user_id = own.{key}
    where links.is_joining and links.user_id <> links.contact_hash and own.{key} is null
    order by links.user_id, links.contact_hash
) as former
where lists.{key} = former.contact_hash;

-- name: drop_erased
-- Batch output may be older than an erasure.
delete from {cache}.{staging} as lists
using identity.erasures
where
    erasures.user_hash = identity.user_hash(lists.{key})
    and not exists (
        select from identity.customers
        where customers.user_id = lists.{key}
    );

-- name: finish_staging
alter table {cache}.{staging} add constraint {staging_key} primary key ({key});
select cache.copy_grants('{cache}.{table}', '{cache}.{staging}');
analyze {cache}.{staging};

-- name: staged_generation
-- Return the generation of a staging table: it is loaded in one transaction, so any row has it.
select generation
from {cache}.{staging}
limit 1;  -- noqa: AM09

-- name: staged_at
-- Return when the lists of the staging table were written; null for an empty table, which no publish leaves behind.
select max(updated_at at time zone 'utc') as staged_at
from {cache}.{staging};

-- name: drop_staging
-- Drop a staging table; fails after 0.5 s if another session uses it, and the next run tries again.
set local lock_timeout = '500ms';
drop table {cache}.{staging};

-- name: lock
-- Short on purpose: readers queue behind a waiting switch, so it gives up and tries again instead. Shorter than the
-- server's deadlock_timeout (1 s), so that a reader who takes both tables is never the one who is sent away.
set local lock_timeout = '500ms';
lock table {cache}.{table} in access exclusive mode;

-- name: drop
drop table if exists {cache}.{old};

-- name: rename
alter table {cache}.{old} rename to {new};
alter index {cache}.{old_key} rename to {new_key};

-- name: look_up
-- Lists of one group, which has a place among the groups that are searched together, and the model that made them.
select
    {nth} as place,
    {key} as key,
    {products}::text as products,
    generation,
    score_kind,
    updated_at,
    (
        select generations.solution_versions ->> %(subject)s
        from {cache}.generations
        where generations.generation = lists.generation
    ) as model_version
from {cache}.{table} as lists
where {key} = any(%(keys)s);

-- name: invalidate_items
-- The list of one product, or all lists. The product is unknown to serving until the next publish. Its id may differ
-- from the shop's spelling by upper and lower case, as in a look-up, where only one list could be meant.
with same_letters as (
    select {key}
    from {cache}.{table}
    where upper({key}) = upper(btrim(%(key)s::text))
)

delete from {cache}.{table} as lists
where
    %(key)s::text is null
    or lists.{key} = %(key)s
    or lists.{key} in (
        select min(same_letters.{key})
        from same_letters
        having count(*) = 1
    );

-- name: invalidate_users
-- The list of one user, by the hash that stands for them, or all lists. Its user is served the popular products until
-- the next publish.
delete from {cache}.{table}
where %(key)s::text is null or identity.user_hash({key}) = %(key)s;
