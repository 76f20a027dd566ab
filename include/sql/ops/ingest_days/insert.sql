insert into ops.ingest_days (source, day, run_key, n_before, n_ours, n_theirs, newest_updated_at, hash, action)
values (
    %(source)s, %(day)s, %(run_key)s, %(n_before)s, %(n_ours)s, %(n_theirs)s, %(newest_updated_at)s, %(hash)s,
    %(action)s
)
on conflict (source, day, run_key) do update set
    n_before = excluded.n_before,
    n_ours = excluded.n_ours,
    n_theirs = excluded.n_theirs,
    newest_updated_at = excluded.newest_updated_at,
    hash = excluded.hash,
    action = excluded.action,
    checked_at = excluded.checked_at
