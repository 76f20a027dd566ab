-- name: create
-- One row per line of an order. merged_lines counts further lines of the same order that were equal in every field.
-- product_id is spelt as the shop spells it; product_key is what spellings of one product have in common, for joining.
create table if not exists raw.company__order_items (
    source text not null,
    order_id text not null,
    line_number integer not null,
    product_id text not null,
    product_name text,
    category text,
    brand text,
    quantity numeric(14, 3) not null,
    unit_price numeric(14, 4) not null,
    base_price numeric(14, 4),
    merged_lines integer not null default 0,
    primary key (source, order_id, line_number),
    foreign key (source, order_id) references raw.company__orders (source, order_id) on delete cascade
);

alter table raw.company__order_items add column if not exists product_key text;
update raw.company__order_items set product_key = upper(product_id)
where product_key is null;
alter table raw.company__order_items alter column product_key set not null;
