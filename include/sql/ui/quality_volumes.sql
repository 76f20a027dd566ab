-- The newest measurements of each boundary, newest first within a measure.
with ranked as (
    select
        boundary,
        dataset_group,
        measure,
        run_key,
        value,
        last_good_value,
        last_good_run_key,
        verdict,
        is_accepted,
        measured_at,
        row_number() over (
            partition by boundary, dataset_group, measure
            order by measured_at desc, run_key desc
        ) as age
    from ops.volumes
)

select *
from ranked
where age <= %(n_runs)s
order by boundary, dataset_group, measure, age
