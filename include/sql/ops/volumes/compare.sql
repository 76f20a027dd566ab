-- Store what one run measured, beside the last good run and the median of the newest good runs. A measure that is gone
-- counts as 0. A run that measures again replaces what it measured before.
with good as (
    select *
    from ops.volumes
    where
        boundary = %(boundary)s
        and dataset_group = %(dataset_group)s
        and is_good
        and run_key <> %(run_key)s
),

history as (
    select
        good.measure,
        good.value,
        good.run_key,
        row_number() over (partition by good.measure order by good.measured_at desc, good.run_key desc) as age
    from good
    where
        good.measured_at >= coalesce(
            (
                select max(accepted.measured_at) from good as accepted
                where accepted.is_accepted
            ), '-infinity'
        )
),

baseline as (
    select
        measure,
        max(value) filter (where age = 1) as last_good_value,
        max(run_key) filter (where age = 1) as last_good_run_key,
        percentile_disc(0.5) within group (order by value) as typical_value
    from history
    where age <= %(history_runs)s
    group by measure
),

measured as (
    select
        measure,
        value
    from unnest(%(measures)s::text[], %(values)s::bigint[]) as given (measure, value)
),

compared as (
    select
        coalesce(measured.measure, baseline.measure) as measure,
        coalesce(measured.value, 0) as value,
        baseline.last_good_value,
        baseline.last_good_run_key,
        baseline.typical_value,
        greatest(baseline.last_good_value, baseline.typical_value) as expected_value
    from measured
    full join baseline on measured.measure = baseline.measure
)

insert into ops.volumes as known (
    boundary, dataset_group, measure, run_key, value, last_good_value, last_good_run_key, typical_value, stop_below,
    note_below, verdict
)
select
    %(boundary)s,
    %(dataset_group)s,
    measure,
    %(run_key)s,
    value,
    last_good_value,
    last_good_run_key,
    typical_value,
    %(stop_below)s,
    %(note_below)s,
    case
        when coalesce(expected_value, 0) < %(min_rows)s then 'met'
        when value < expected_value * %(stop_below)s then 'stop'
        when value < expected_value * %(note_below)s then 'note'
        else 'met'
    end as verdict
from compared
order by measure  -- two groups may measure a shared boundary at the same time, and must not wait for each other
on conflict (boundary, dataset_group, measure, run_key) do update set
    value = excluded.value,
    last_good_value = excluded.last_good_value,
    last_good_run_key = excluded.last_good_run_key,
    typical_value = excluded.typical_value,
    stop_below = excluded.stop_below,
    note_below = excluded.note_below,
    verdict = excluded.verdict,
    is_good = false,
    is_accepted = false,
    measured_at = excluded.measured_at
