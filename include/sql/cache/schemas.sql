-- name: create_functions
-- A switch changes which table has the live name: whoever may read the old one must be able to read the new one.
create or replace function cache.copy_grants(source regclass, target regclass) returns void language plpgsql as $$
declare
    held record;
begin
    for held in
        select
            acl.privilege_type,
            case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
        from pg_class
        cross join aclexplode(pg_class.relacl) as acl
        where pg_class.oid = source and acl.grantee <> pg_class.relowner
    loop
        execute format('grant %s on %s to %s', held.privilege_type, target, held.grantee);
    end loop;
end
$$;

-- The schemas that hold published lists, also those of groups that the environment's file no longer has.
create or replace function cache.schemas() returns setof text stable language sql
begin atomic
    select schemaname::text
    from pg_tables
    where tablename = 'generations' and (schemaname = 'cache' or schemaname like 'cache\_%')
    order by schemaname;
end;

-- Grant on a group's schema and tables what each role holds on the first group's.
create or replace function cache.share_with_readers(schema_name text) returns void language plpgsql as $$
declare
    held record;
begin
    for held in
        select
            acl.privilege_type,
            case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
        from pg_namespace
        cross join aclexplode(pg_namespace.nspacl) as acl
        where pg_namespace.nspname = 'cache' and acl.grantee <> pg_namespace.nspowner
    loop
        execute format('grant %s on schema %I to %s', held.privilege_type, schema_name, held.grantee);
    end loop;
    perform cache.copy_grants(format('cache.%I', theirs.tablename), format('%I.%I', schema_name, theirs.tablename))
    from pg_tables as theirs
    inner join pg_tables as ours on theirs.tablename = ours.tablename and ours.schemaname = share_with_readers.schema_name
    where theirs.schemaname = 'cache' and theirs.tablename not like '%\_\_%';
end
$$;

-- Return the generations of every group.
create or replace function cache.all_generations() returns table (
    schema_name text, generation text, state text, published_at timestamptz
) stable language plpgsql as $$
declare
    held text;
begin
    for held in
        select schemas from cache.schemas()
    loop
        return query execute format(
            'select %L::text, generation, state, published_at from %I.generations', held, held
        );
    end loop;
end
$$;

-- name: create
-- What one group's lists are published to: schema `cache` for the first group, one of its own for any other.
create schema if not exists {cache};

-- name: list
select schemas
from cache.schemas();

-- name: share_with_readers
select cache.share_with_readers(%(schema)s);

-- name: take_turns
-- Lock the creation of caches until the end of the transaction: two sessions that create the same one would both fail.
select pg_advisory_xact_lock(hashtext('aisle: caches'));
