insert into ops.exports (dataset, run_key, uri, n_rows, n_bytes, sha256)
values (%(dataset)s, %(run_key)s, %(uri)s, %(n_rows)s, %(n_bytes)s, %(sha256)s)
on conflict (dataset, run_key) do update set
    uri = excluded.uri,
    n_rows = excluded.n_rows,
    n_bytes = excluded.n_bytes,
    sha256 = excluded.sha256,
    exported_at = now()
