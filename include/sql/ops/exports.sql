-- name: create
-- One row per exported file. sha256 is of the CSV's bytes: equal bytes need no new import.
create table if not exists ops.exports (
    dataset text not null,
    run_key text not null,
    uri text not null,
    n_rows bigint not null,
    n_bytes bigint not null,
    sha256 text not null,
    exported_at timestamptz not null default now(),
    primary key (dataset, run_key)
);

-- name: upsert
insert into ops.exports (dataset, run_key, uri, n_rows, n_bytes, sha256)
values (%(dataset)s, %(run_key)s, %(uri)s, %(n_rows)s, %(n_bytes)s, %(sha256)s)
on conflict (dataset, run_key) do update set
    uri = excluded.uri,
    n_rows = excluded.n_rows,
    n_bytes = excluded.n_bytes,
    sha256 = excluded.sha256,
    exported_at = now();
