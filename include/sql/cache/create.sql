-- The live generation. Readers see these two names only; a new generation takes the names in one transaction.
create table if not exists cache.offline_user_recommendations (
    user_id varchar(255) primary key,
    recommendations jsonb not null,
    updated_at timestamp not null,
    score_kind text not null,
    generation text not null
);

create table if not exists cache.offline_similar_items (
    product_id varchar(255) primary key,
    similar_products jsonb not null,
    updated_at timestamp not null,
    score_kind text not null,
    generation text not null
);

-- One row per generation ever published. At most one is live, and at most one previous.
create table if not exists cache.generations (
    generation text primary key,
    state text not null check (state in ('live', 'previous', 'retired')),
    user_lists bigint not null,
    item_lists bigint not null,
    users_asked bigint not null,
    items_asked bigint not null,
    solution_versions jsonb not null,
    published_at timestamptz not null default now()
);

create unique index if not exists generations_one_live on cache.generations (state) where state = 'live';
create unique index if not exists generations_one_previous on cache.generations (state) where state = 'previous';

-- One row per line of batch output that gave no list: why, and the line itself. Kept while its generation can return.
create table if not exists cache.rejected_lines (
    generation text not null,
    subject text not null check (subject in ('users', 'items')),
    object_key text not null,
    line_number bigint not null,
    reason text not null,
    detail text not null,
    payload text not null,
    primary key (generation, subject, object_key, line_number)
);

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
