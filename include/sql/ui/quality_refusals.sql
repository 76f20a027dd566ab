-- What the newest run of the raw gate has counted as refused, the largest shares first.
select
    source,
    reason,
    n_orders,
    n_order_items,
    share,
    verdict,
    run_key,
    counted_at
from ops.refusals
where
    run_key = (
        select volumes.run_key
        from ops.volumes
        where volumes.boundary = 'raw' and not volumes.is_accepted
        order by volumes.measured_at desc, volumes.run_key desc
        limit 1
    )
order by source, reason <> 'any reason', share desc, reason
