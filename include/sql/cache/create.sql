-- What one group's lists are published to: schema `cache` for the first group, one of its own for any other.
create schema if not exists {cache};

-- The live generation. Readers see these two names only; a new generation takes the names in one transaction.
create table if not exists {cache}.offline_user_recommendations (
    user_id varchar(255) primary key,
    recommendations jsonb not null,
    updated_at timestamp not null,
    score_kind text not null,
    generation text not null
);

create table if not exists {cache}.offline_similar_items (
    product_id varchar(255) primary key,
    similar_products jsonb not null,
    updated_at timestamp not null,
    score_kind text not null,
    generation text not null
);

-- One row per generation ever published. At most one is live, and at most one previous.
create table if not exists {cache}.generations (
    generation text primary key,
    state text not null check (state in ('live', 'previous', 'retired')),
    user_lists bigint not null,
    item_lists bigint not null,
    users_asked bigint not null,
    items_asked bigint not null,
    solution_versions jsonb not null,
    published_at timestamptz not null default now()
);

create unique index if not exists generations_one_live on {cache}.generations (state) where state = 'live';
create unique index if not exists generations_one_previous on {cache}.generations (state) where state = 'previous';

-- One row per line of batch output that gave no list: why, and the line itself. Kept while its generation can return.
create table if not exists {cache}.rejected_lines (
    generation text not null,
    subject text not null check (subject in ('users', 'items')),
    object_key text not null,
    line_number bigint not null,
    reason text not null,
    detail text not null,
    payload text not null,
    primary key (generation, subject, object_key, line_number)
);

-- One row per generation and product, for the products that most of the group's orders hold. None for a group that has
-- the whole shop. What is live is what `generations` says: a switch and a rollback leave these rows where they are.
create table if not exists {cache}.popular_products (
    generation text not null,
    product_id varchar(255) not null,
    n_orders bigint not null,
    primary key (generation, product_id)
);

-- Serving reads both, and may have been given only the other so far.
select cache.copy_grants('{cache}.generations', '{cache}.popular_products');
