-- name: create
-- Where one window's rows wait for the merge: temporary, per connection, empty at the start of every window.
-- A version is one order of one page; the same order may come more than once in a window. order_number is the id as
-- sent; order_id is that too, unless order_ids/settle gives another one, own_id, to a further order of the same number.
create temp table if not exists staged_orders (
    version bigint primary key,
    order_number text,
    own_id text,
    order_id text generated always as (coalesce(own_id, order_number)) stored,
    is_mapped boolean not null,
    is_empty boolean not null,
    content_hash text not null,
    ordered_at timestamptz,
    updated_at timestamptz,
    status text,
    user_id text,
    city text,
    province text,
    payment_mode text,
    brand text,
    total_amount numeric(14, 2),
    doubts text[]
);

create temp table if not exists staged_order_items (
    version bigint not null,
    line_number integer not null,
    product_id text not null,
    product_key text not null,
    product_name text,
    category text,
    brand text,
    quantity numeric(14, 3) not null,
    unit_price numeric(14, 4) not null,
    base_price numeric(14, 4),
    merged_lines integer not null
);

create temp table if not exists staged_rejects (
    version bigint not null,
    reject_id text not null,
    line_number integer,
    n_lines integer not null,
    reason text not null,
    detail text not null,
    status text,
    payload text not null,
    archive_key text not null
);

create temp table if not exists staged_people (
    version bigint not null,
    user_id text not null,
    name text,
    phone text,
    email text,
    address text,
    seen_at timestamptz not null,
    phone_hash text,
    email_hash text,
    source_id_hash text,
    name_hash text,
    phone_written_hash text
);

truncate staged_orders, staged_order_items, staged_rejects, staged_people;
