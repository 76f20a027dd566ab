-- One row per piece of work of the newest run of each leg; of the legs that each group has, those of the first group.
with newest as (
    select distinct on (leg)
        leg,
        run_key
    from ops.receipts
    where split_part(subject, '/', 1) <> all(%(other_groups)s::text[])  -- noqa: RF02
    order by leg asc, finished_at desc
)

select
    receipts.leg,
    receipts.run_key,
    receipts.subject,
    receipts.rows_in,
    receipts.rows_out,
    receipts.bytes,
    receipts.seconds,
    receipts.finished_at
from ops.receipts
inner join newest on receipts.leg = newest.leg and receipts.run_key = newest.run_key
where split_part(receipts.subject, '/', 1) <> all(%(other_groups)s::text[])  -- noqa: RF02
order by receipts.leg asc, receipts.finished_at asc, receipts.subject asc
limit 200
