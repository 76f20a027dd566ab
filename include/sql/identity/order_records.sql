-- name: create
-- One row per order with a customer: the record that its newest version has.
create table if not exists identity.order_records (
    source text not null,
    order_id text not null,
    record_id text not null references identity.records on delete cascade,
    primary key (source, order_id)
);

create index if not exists order_records_record_id on identity.order_records (record_id);
