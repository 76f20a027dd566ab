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
    volumes.boundary,
    volumes.dataset_group,
    volumes.measure,
    %(run_key)s,
    volumes.value,
    volumes.last_good_value,
    volumes.last_good_run_key,
    volumes.typical_value,
    volumes.stop_below,
    volumes.note_below,
    'met' as verdict,
    true as is_good,
    true as is_accepted
from ops.volumes
inner join newest on volumes.run_key = newest.run_key
where volumes.boundary = %(boundary)s and volumes.dataset_group = %(dataset_group)s
on conflict (boundary, dataset_group, measure, run_key) do update set is_accepted = true
returning measure, value, last_good_value
