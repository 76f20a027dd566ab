insert into ops.receipts (run_key, leg, subject, rows_in, rows_out, bytes, seconds, details)
values (%(run_key)s, %(leg)s, %(subject)s, %(rows_in)s, %(rows_out)s, %(bytes)s, %(seconds)s, %(details)s)
on conflict (run_key, leg, subject) do update set
    rows_in = excluded.rows_in,
    rows_out = excluded.rows_out,
    bytes = excluded.bytes,
    seconds = excluded.seconds,
    details = excluded.details,
    finished_at = now()
