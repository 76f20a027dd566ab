-- name: create
-- Every table with a column user_id, so that a new table is covered too, and whether its rows are of orders.
create or replace view identity.tables_of_users as
select
    pg_class.oid::regclass as name,
    format('%I.%I', pg_class.relnamespace::regnamespace, pg_class.relname) as table_name,
    not user_id.attnotnull and exists (
        select from pg_attribute as order_id
        where order_id.attrelid = pg_class.oid and order_id.attname = 'order_id'
    ) as tells_of_order
from pg_class
inner join pg_attribute as user_id on pg_class.oid = user_id.attrelid
where
    pg_class.relkind = 'r'
    and pg_class.relpersistence <> 't'
    and user_id.attname = 'user_id'
    and pg_class.oid <> 'identity.erasure_requests'::regclass;

-- Remove users from every table of users. Rows of orders stay without
-- their user, because the revenue stays; all other rows are deleted.
create or replace function identity.forget(erased text[]) returns table (table_name text, n_rows bigint)
language plpgsql as $$
declare
    held record;
begin
    for held in
        select
            tables_of_users.name,
            tables_of_users.tells_of_order
        from identity.tables_of_users
        order by tables_of_users.name::text
    loop
        execute format(
            case
                when held.tells_of_order then 'update %s set user_id = null where user_id::text = any($1)'
                else 'delete from %s where user_id::text = any($1)'
            end, held.name
        ) using erased;
        get diagnostics n_rows = row_count;
        table_name := held.name::text;
        return next;
    end loop;
    delete from identity.phone_forms
    where contact_hash = any(erased);
    -- A build that runs meanwhile may write the person once more, from what it has read: the next one starts anew.
    insert into raw.company__order_changes (reason) values ('a person was erased');
end
$$;

-- The people whom the tables of the marts name.
create or replace function identity.users_of_marts() returns table (user_id text) language plpgsql as $$
declare
    held record;
begin
    for held in
        select pg_class.oid::regclass as name
        from pg_class
        inner join pg_attribute on pg_attribute.attrelid = pg_class.oid
        where
            pg_class.relkind = 'r'
            and pg_class.relnamespace::regnamespace::text in ('intermediate', 'core', 'personalize')
            and pg_attribute.attname = 'user_id'
    loop
        return query execute format('select distinct user_id from %s where user_id is not null', held.name);
    end loop;
end
$$;

-- The texts that programs and people write freely, and in which a contact of somebody may therefore stand. Keys, words
-- of Aisle's own and the mapped fields of orders are not among them.
create or replace view identity.free_texts as
select
    held.table_name,
    held.column_name
from (
    values
    ('raw.company__rejects', 'detail'),
    ('raw.company__rejects', 'status'),
    ('raw.company__rejects', 'payload'),
    ('ops.ingest_windows', 'error'),
    ('ops.ingest_days', 'hash'),
    ('ops.dropped_files', 'name'),
    ('ops.dropped_files', 'error'),
    ('ops.status_words', 'word'),
    ('ops.receipts', 'details'),
    ('ops.quality_results', 'observed'),
    ('ops.interventions', 'subject'),
    ('ops.interventions', 'reason'),
    ('ops.model_versions', 'reason'),
    ('events.outbox', 'last_error'),
    ('serving.interactions', 'item_type'),
    ('serving.interactions', 'platform'),
    ('serving.interactions', 'properties'),
    ('serving.impressions', 'feed_type'),
    ('serving.received_events', 'event_type'),
    ('serving.received_events', 'payload'),
    ('serving.shop_requests', 'metadata')
) as held (table_name, column_name)
where to_regclass(held.table_name) is not null;

-- The texts of one column that look as if a contact or a user id stood in them, locked until they are written anew.
create or replace function identity.suspicious_texts(table_name text, column_name text)
returns table (row_id tid, content text) language plpgsql as $$
begin
    return query execute format(
        'select ctid, %2$I::text from %1$s where %2$I::text ~ ''@|[^A-Za-z]{7,}|[0-9a-f]{32}'' for update',
        table_name::regclass, column_name
    );
end
$$;

-- Rewrite such a text. Without a number JSON may be none any more: then nothing of it is kept.
create or replace function identity.rewrite_text(table_name text, column_name text, row_id tid, content text)
returns void language plpgsql as $$
declare
    column_type constant text := (
        select format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = table_name::regclass and attname = column_name
    );
begin
    execute format('update %s set %I = $1::%s where ctid = $2', table_name::regclass, column_name, column_type)
    using case
        when column_type like 'json%' and not pg_input_is_valid(content, column_type) then 'null' else content
    end, row_id;
end
$$;

-- name: forget
select
    table_name,
    n_rows
from identity.forget(%(user_ids)s)
where n_rows > 0;

-- name: written_again
-- Whom a build has written into the marts once more, because they were erased while it ran. Whoever is in raw has
-- ordered since.
select distinct known.user_id
from identity.users_of_marts() as known
inner join identity.erasures on identity.user_hash(known.user_id) = erasures.user_hash
where
    exists (
        select from raw.company__order_changes as changes
        where changes.reason is not null and changes.build_id is null
    )
    and not exists (
        select from raw.company__orders as orders
        where orders.user_id = known.user_id
    );

-- name: free_texts
select
    table_name,
    column_name
from identity.free_texts;

-- name: suspicious_texts
select
    row_id,
    content
from identity.suspicious_texts(%(table_name)s, %(column_name)s);

-- name: rewrite_text
select identity.rewrite_text(%(table_name)s, %(column_name)s, %(row_id)s::tid, %(content)s);
