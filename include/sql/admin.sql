-- name: create_schemas
-- The warehouse's schemas. dbt makes staging, intermediate, core and personalize itself.
create schema if not exists identity;
create schema if not exists raw;
create schema if not exists ops;
create schema if not exists cache;
create schema if not exists events;

-- Rename a column of a warehouse from an earlier version. Does nothing where the column has its new name.
create or replace function ops.rename_column(of_table regclass, old_name name, new_name name)
returns void language plpgsql
as $$
begin
    if exists (select from pg_attribute where attrelid = of_table and attname = old_name) then
        execute format('alter table %s rename column %I to %I', of_table, old_name, new_name);
    end if;
end
$$;

comment on schema identity is
'Who is behind a user_id: names, phones, e-mails, addresses. Nothing of it leaves this schema.';
comment on schema raw is 'Orders as the company sent them, one row per order and per item, without personal data.';
comment on schema ops is 'How the pipeline runs: windows, receipts, quality results, exports, jobs, model metrics.';
comment on schema cache is
'What the API serves: one live generation of recommendations, the one before, the one in the making.';
comment on schema events is 'Single events on their way to Personalize: the outbox.';

-- name: set_search_path
-- So that `select * from offline_user_recommendations` finds the cache without its schema's name.
do $$
begin
    execute format('alter database %I set search_path = public, cache, core', current_database());
end
$$;

-- name: admit_reader
-- The role of the recommendations API: it reads the lists and the marts that are shared with it, and writes schema
-- serving, nothing else. Nobody's name or contact is among them. Whatever is published later is shared with it by
-- cache.share_with_readers.
do $$
begin
    if to_regrole({role_name}) is null then
        create role {role};
    end if;
end
$$;

alter role {role} login password {password};
alter role {role} set default_transaction_read_only = on;

create schema if not exists core;
create schema if not exists personalize;
grant usage on schema cache, core, personalize to {role};
-- Of schema identity it may ask two questions about ids that it has, and read no table.
grant usage on schema identity to {role};
grant execute on function identity.people_of(text[], text[]), identity.erasures_of(text[]) to {role};
grant select on cache.groups, cache.generations, cache.popular_products to {role};
-- Of schema ops the figures of the churn models, which the owner's page shows.
grant usage on schema ops to {role};
grant select on ops.churn_models to {role};
grant select on cache.offline_user_recommendations, cache.offline_similar_items to {role};

-- dbt makes these anew with every run, and grants the same (macro readable_by_serving).
do $$
declare
    mart regclass;
begin
    for mart in
        select to_regclass(shared.name)
        from unnest(array[
            'core.products', 'core.popular_products', 'core.products_bought_together', 'core.regions',
            'core.region_customers', 'personalize.interactions'
        ]) as shared (name)
        where to_regclass(shared.name) is not null
    loop
        execute format('grant select on %s to %I', mart, {role_name});
    end loop;
end
$$;

-- Its own tables are made by the migrations of services/migrations; which of them have run is not for it to say.
do $$
begin
    if to_regnamespace('serving') is not null then
        grant usage on schema serving to {role};
        grant select, insert, update, delete on all tables in schema serving to {role};
        revoke insert, update, delete on serving.alembic_version from {role};
    end if;
end
$$;

select cache.share_with_readers(schemas)
from cache.schemas()
where schemas <> 'cache';
