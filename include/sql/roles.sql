-- name: create
-- Roles that cannot log in, for people and programs that should see less than the pipeline's own user does: grant one
-- to a user, or become one with `set role`. aisle_analyst reads the marts, aisle_loader reads and writes orders, events
-- and lists, aisle_identity is the only one that reads names, contacts and their hashes.

-- Share the schemas of marts that there are, and by default every table that this user makes in them later.
create or replace function ops.share_marts() returns void language plpgsql as $$
declare
    marts text;
begin
    if to_regrole('aisle_analyst') is null or to_regrole('aisle_loader') is null then
        return;
    end if;
    for marts in
        select nspname
        from pg_namespace
        where nspname in ('core', 'personalize', 'features', 'analytics')
    loop
        execute format('grant usage on schema %I to aisle_analyst, aisle_loader', marts);
        execute format('grant select on all tables in schema %I to aisle_analyst, aisle_loader', marts);
        execute format(
            'alter default privileges in schema %I grant select on tables to aisle_analyst, aisle_loader', marts
        );
    end loop;
end
$$;

do $$
declare
    role_name text;
    held text;
begin
    foreach role_name in array array['aisle_analyst', 'aisle_loader', 'aisle_identity'] loop
        begin
            if to_regrole(role_name) is null then
                execute format('create role %I nologin', role_name);
            end if;
        exception
            -- Another warehouse of the server made it meanwhile.
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise warning 'role % was not made: % may not create roles; let an administrator make it, then '
                    'migrate again', role_name, current_user;
                return;
        end;
    end loop;

    perform ops.share_marts();

    foreach held in array array['raw', 'ops', 'events'] || array(select schemas from cache.schemas()) loop
        execute format('grant usage on schema %I to aisle_loader', held);
        execute format('grant select, insert, update, delete on all tables in schema %I to aisle_loader', held);
        execute format('grant usage on all sequences in schema %I to aisle_loader', held);
    end loop;

    grant usage on schema identity to aisle_identity;
    grant select, insert, update, delete on all tables in schema identity to aisle_identity;
    revoke execute on all functions in schema identity from public;
    grant execute on all functions in schema identity to aisle_identity;
end
$$;

-- name: share_marts
-- After a build, which may have made the schemas.
select ops.share_marts();
