-- The role that the recommendations API reads with: the lists, and which products there are. It can change nothing and
-- sees nothing else, above all no person. Whatever is published later is shared with it by cache.share_with_readers.
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
grant usage on schema cache, core to {role};
grant select on cache.groups, cache.generations, cache.popular_products to {role};
grant select on cache.offline_user_recommendations, cache.offline_similar_items to {role};

-- dbt makes this one anew with every run, and grants the same (macro readable_by_serving).
do $$
begin
    if to_regclass('core.products') is not null then
        grant select on core.products to {role};
    end if;
end
$$;

select cache.share_with_readers(schemas)
from cache.schemas()
where schemas <> 'cache';
