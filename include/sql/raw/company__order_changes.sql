-- name: create
-- One row per change of an order that the marts do not have yet; one without an order says why all of them have to be
-- computed. Triggers write it, in the transaction of the change, so that no way into raw can forget to. A build claims
-- the rows that it sees and deletes them when it has ended well: what is committed later waits for the next build, and
-- there is no watermark that it could fall behind.
create table if not exists raw.company__order_changes (
    change_id bigint generated always as identity primary key,
    source text,
    order_id text,
    reason text,
    build_id bigint
);

-- By product, to find the orders of one that is spelt anew.
create index if not exists company__order_items_product_key on raw.company__order_items (product_key);

-- For statements of which every row is a change.
create or replace function raw.note_changed_orders() returns trigger language plpgsql as $$
begin
    insert into raw.company__order_changes (source, order_id)
    select distinct
        source,
        order_id
    from changed_rows;
    return null;
end
$$;

-- For updates of orders, most of which change nothing that the marts have: stamps, marks and hashes.
create or replace function raw.note_edited_orders() returns trigger language plpgsql as $$
begin
    with before as (
        select
            source, order_id, order_number, ordered_at, status, user_id, city, province, payment_mode, brand,
            total_amount
        from old_rows
    ),

    after as (
        select
            source, order_id, order_number, ordered_at, status, user_id, city, province, payment_mode, brand,
            total_amount
        from new_rows
    ),

    edited as (
        (
            select * from before
            except
            select * from after
        )
        union all
        (
            select * from after
            except
            select * from before
        )
    )

    insert into raw.company__order_changes (source, order_id)
    select distinct
        source,
        order_id
    from edited;
    return null;
end
$$;

-- A product that is spelt as its key has the same id with and without a spelling.
create or replace function raw.note_spelt_orders() returns trigger language plpgsql as $$
begin
    insert into raw.company__order_changes (source, order_id)
    select distinct
        items.source,
        items.order_id
    from changed_rows
    inner join raw.company__order_items as items on changed_rows.product_key = items.product_key
    where tg_op = 'UPDATE' or changed_rows.product_id <> changed_rows.product_key;
    return null;
end
$$;

create or replace function raw.note_emptied_table() returns trigger language plpgsql as $$
begin
    insert into raw.company__order_changes (reason) values (format('%s was emptied', tg_relid::regclass));
    return null;
end
$$;

create or replace trigger note_new after insert on raw.company__orders
referencing new table as changed_rows for each statement execute function raw.note_changed_orders();
create or replace trigger note_deleted after delete on raw.company__orders
referencing old table as changed_rows for each statement execute function raw.note_changed_orders();
create or replace trigger note_edited after update on raw.company__orders
referencing old table as old_rows new table as new_rows
for each statement execute function raw.note_edited_orders();
create or replace trigger note_emptied after truncate on raw.company__orders
for each statement execute function raw.note_emptied_table();

create or replace trigger note_new after insert on raw.company__order_items
referencing new table as changed_rows for each statement execute function raw.note_changed_orders();
create or replace trigger note_deleted after delete on raw.company__order_items
referencing old table as changed_rows for each statement execute function raw.note_changed_orders();
create or replace trigger note_edited after update on raw.company__order_items
referencing new table as changed_rows for each statement execute function raw.note_changed_orders();
-- An item that moves to another order is a change of the order that it leaves, too.
create or replace trigger note_left after update on raw.company__order_items
referencing old table as changed_rows for each statement execute function raw.note_changed_orders();
create or replace trigger note_emptied after truncate on raw.company__order_items
for each statement execute function raw.note_emptied_table();

create or replace trigger note_new after insert on raw.company__product_spellings
referencing new table as changed_rows for each statement execute function raw.note_spelt_orders();
create or replace trigger note_deleted after delete on raw.company__product_spellings
referencing old table as changed_rows for each statement execute function raw.note_spelt_orders();
create or replace trigger note_edited after update on raw.company__product_spellings
referencing new table as changed_rows for each statement execute function raw.note_spelt_orders();
create or replace trigger note_left after update on raw.company__product_spellings
referencing old table as changed_rows for each statement execute function raw.note_spelt_orders();
create or replace trigger note_emptied after truncate on raw.company__product_spellings
for each statement execute function raw.note_emptied_table();

-- name: why_all
-- Why a build has to compute everything, if a change says so.
select reason
from raw.company__order_changes
where reason is not null
order by change_id
limit 1;

-- name: count
-- How many orders changed, and how many there are.
select
    (
        select count(*)
        from (
            select distinct
                source,
                order_id
            from raw.company__order_changes
            where order_id is not null
        ) as changed
    ) as n_changed,
    (select count(*) from raw.company__orders) as n_orders;

-- name: claim
-- What is seen now belongs to this build, also what a build that failed had claimed.
update raw.company__order_changes set build_id = %(build_id)s;

-- name: settle
delete from raw.company__order_changes
where build_id = %(build_id)s;
