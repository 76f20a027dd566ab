-- name: create
-- The newest validation of a boundary's tables that stopped nothing, with the fingerprint that they had before it.
create table if not exists ops.validations (
    boundary text primary key,
    fingerprint text not null,
    run_key text not null,
    validated_at timestamptz not null default now()
);

-- name: fingerprint
-- Return a digest that changes with every change of the tables, without reading them: the file of each, its columns,
-- and the rows ever inserted, updated and deleted. It is null if one of them is not a table.
with suites as (
    select %(suites)s::text as digest
),

given as (
    select
        name,
        to_regclass(name) as oid
    from unnest(%(tables)s::text[]) as name
),

columns as (
    select
        attrelid,
        string_agg(concat(attname, ' ', atttypid), ',' order by attnum) as definition
    from pg_attribute
    where attnum > 0 and not attisdropped
    group by attrelid
),

described as (
    select
        bool_and(coalesce(pg_class.relkind = 'r', false)) as are_tables,
        string_agg(
            concat_ws(
                ' ',
                given.name,
                pg_class.oid,
                pg_class.relfilenode,
                columns.definition,
                pg_stat_get_tuples_inserted(pg_class.oid),
                pg_stat_get_tuples_updated(pg_class.oid),
                pg_stat_get_tuples_deleted(pg_class.oid)
            ),
            ';' order by given.name
        ) as text
    from given
    left join pg_class on given.oid = pg_class.oid
    left join columns on pg_class.oid = columns.attrelid
),

builds as (
    select max(build_id) as newest
    from ops.mart_builds
),

starts as (
    select stats_reset
    from pg_stat_database
    where datname = current_database()
)

select
    case
        when described.are_tables
            then md5(concat_ws(';', suites.digest, described.text, builds.newest, starts.stats_reset))
    end as fingerprint
from described
cross join suites
cross join builds
left join starts on true;

-- name: remember
insert into ops.validations (boundary, fingerprint, run_key)
values (%(boundary)s, %(fingerprint)s, %(run_key)s)
on conflict (boundary) do update set
    fingerprint = excluded.fingerprint,
    run_key = excluded.run_key,
    validated_at = now();

-- name: find
-- Return the results of the newest validation, if the tables had this fingerprint.
with newest as (
    select run_key
    from ops.validations
    where boundary = %(boundary)s and fingerprint = %(fingerprint)s
)

select
    results.run_key,
    results.suite,
    results.check_id,
    results.has_passed,
    results.observed,
    results.n_unexpected
from ops.quality_results as results
inner join newest on results.run_key = newest.run_key;
