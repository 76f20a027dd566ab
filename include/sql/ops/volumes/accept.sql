-- What was measured last at a boundary becomes a good run of its own, under the key of the run that accepts it.
with newest as (
    select run_key
    from ops.volumes
    where boundary = %(boundary)s and dataset_group = %(dataset_group)s and run_key <> %(run_key)s
    order by measured_at desc, run_key desc
    limit 1
)

insert into ops.volumes (
    boundary, dataset_group, measure, run_key, value, last_good_value, last_good_run_key, typical_value, stop_below,
    note_below, verdict, is_good, is_accepted
)
select
    boundary,
    dataset_group,
    measure,
    %(run_key)s,
    value,
    last_good_value,
    last_good_run_key,
    typical_value,
    stop_below,
    note_below,
    'met' as verdict,
    true as is_good,
    true as is_accepted
from ops.volumes
where
    boundary = %(boundary)s
    and dataset_group = %(dataset_group)s
    and run_key = (select newest.run_key from newest)
on conflict (boundary, dataset_group, measure, run_key) do update set is_accepted = true
returning measure, value, last_good_value
