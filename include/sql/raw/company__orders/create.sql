-- One row per order of a source, newest version. content_hash is of the order as sent.
create table if not exists raw.company__orders (
    source text not null,
    order_id text not null,
    ordered_at timestamptz not null,
    updated_at timestamptz,
    status text not null,
    user_id text,
    city text,
    province text,
    payment_mode text,
    brand text,
    total_amount numeric(14, 2),
    content_hash text not null,
    run_key text not null,
    primary key (source, order_id)
);

create index if not exists company__orders_ordered_at on raw.company__orders (ordered_at);

-- One row per line of an order. merged_lines counts further lines of the same order that were equal in every field.
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

-- One row per order or line that could not be mapped. Personal fields of payload are blanked; the archive has them.
-- order_id and ordered_at are null where the order does not tell them.
create table if not exists raw.company__rejects (
    reject_id text primary key,
    source text not null,
    order_id text,
    ordered_at timestamptz,
    line_number integer,
    n_lines integer not null,
    reason text not null,
    detail text not null,
    payload text not null,
    archive_key text not null,
    run_key text not null
);

create index if not exists company__rejects_order on raw.company__rejects (source, order_id);
