-- Whether the last wider look at a source, or the beginning of its ledger, lies far enough back for another.
select
    coalesce(
        (
            select max(checked_at)
            from ops.ingest_days
            where source = %(source)s
        ),
        (
            select min(started_at)
            from ops.ingest_windows
            where source = %(source)s and state = 'proven'
        )
    ) < now() - %(every)s::interval
