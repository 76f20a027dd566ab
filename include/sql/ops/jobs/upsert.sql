-- A job becomes the newest of its purpose when it is recorded; one that was only used again stays as it is.
insert into ops.jobs (purpose, fingerprint, arn, run_key, output_uri)
values (%(purpose)s, %(fingerprint)s, %(arn)s, %(run_key)s, %(output_uri)s)
on conflict (purpose, fingerprint) do update set
    arn = excluded.arn,
    run_key = excluded.run_key,
    output_uri = excluded.output_uri,
    started_at = clock_timestamp()
where jobs.arn <> excluded.arn
