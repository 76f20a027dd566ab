-- name: create
-- One row per measure of a boundary and run: how much there was, what it was compared with, and the outcome. Only good
-- runs, which passed their gate, are compared with later. is_accepted marks a level that a person has accepted: what
-- was measured before it does not count any more. dataset_group is empty where all groups share a boundary.
create table if not exists ops.volumes (
    boundary text not null,
    dataset_group text not null,
    measure text not null,
    run_key text not null,
    value bigint not null,
    last_good_value bigint,
    last_good_run_key text,
    typical_value bigint,
    stop_below numeric not null,
    note_below numeric not null,
    outcome text not null,
    is_good boolean not null default false,
    is_accepted boolean not null default false,
    measured_at timestamptz not null default now(),
    primary key (boundary, dataset_group, measure, run_key)
);
select ops.rename_column('ops.volumes', 'verdict', 'outcome');

-- An earlier version called an outcome of `passed` `met`.
alter table ops.volumes drop constraint if exists volumes_verdict_check;
alter table ops.volumes drop constraint if exists volumes_outcome_check;
update ops.volumes set outcome = 'passed'
where outcome = 'met';
alter table ops.volumes add constraint volumes_outcome_check check (outcome in ('passed', 'note', 'stop'));

-- name: measure_raw
-- Count what raw holds of each source, those without any order included.
with orders as (
    select
        source,
        count(*) as n_orders,
        count(distinct user_id) as n_users
    from raw.company__orders
    group by source
),

sources as (
    select source from orders
    union
    select source from ops.ingest_windows
),

order_items as (
    select
        source,
        count(*) as n_order_items
    from raw.company__order_items
    group by source
),

counted as (
    select
        sources.source,
        coalesce(orders.n_orders, 0) as n_orders,
        coalesce(orders.n_users, 0) as n_users,
        coalesce(order_items.n_order_items, 0) as n_order_items
    from sources
    left join orders on sources.source = orders.source
    left join order_items on sources.source = order_items.source
)

select
    'orders of ' || source as measure,
    n_orders as value
from counted
union all
select
    'order items of ' || source as measure,
    n_order_items as value
from counted
union all
select
    'users of ' || source as measure,
    n_users as value
from counted;

-- name: measure_marts
select
    'interactions' as measure,
    count(*) as value
from personalize.interactions
union all
select
    'users' as measure,
    count(*) as value
from personalize.users
union all
select
    'items' as measure,
    count(*) as value
from personalize.items;

-- name: measure_export
-- Return the rows of the CSV files that a run has written for a group.
select
    'rows of ' || names.name as measure,
    exports.n_rows as value
from unnest(array['interactions', 'items', 'users']) as names (name)
inner join ops.exports on exports.dataset = %(prefix)s || names.name
where exports.run_key = %(run_key)s;

-- name: measure_batch_input
-- Return how many users and items of a group a run asks recommendations for.
select
    kinds.kind || ' asked' as measure,
    receipts.rows_out as value
from unnest(array['users', 'items']) as kinds (kind)
inner join ops.receipts on receipts.subject = %(prefix)s || kinds.kind || '-input'
where receipts.stage = 'recommend' and receipts.run_key = %(run_key)s;

-- name: measure_churn
-- How many customers were scored.
select
    'customers scored' as measure,
    count(*) as value
from ops.churn_scores;

-- name: measure_lists
-- Count the staged lists of users, or of items, and the products in them. An element that is no object has none.
with products_shown as (
    select distinct shown.product_id
    from {cache}.{staging} as lists
    cross join
        jsonb_array_elements_text(jsonb_path_query_array(lists.{products}, '$[*].product_id')) as shown (product_id)
)

select
    'lists of ' || {kind} as measure,
    count(*) as value
from {cache}.{staging}
union all
select
    'products in lists of ' || {kind} as measure,
    count(*) as value
from products_shown;

-- name: compare
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
    note_below, outcome
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
        when coalesce(expected_value, 0) < %(min_rows)s then 'passed'
        when value < expected_value * %(stop_below)s then 'stop'
        when value < expected_value * %(note_below)s then 'note'
        else 'passed'
    end as outcome
from compared
order by measure  -- two groups may measure a shared boundary at the same time, and must not wait for each other
on conflict (boundary, dataset_group, measure, run_key) do update set
    value = excluded.value,
    last_good_value = excluded.last_good_value,
    last_good_run_key = excluded.last_good_run_key,
    typical_value = excluded.typical_value,
    stop_below = excluded.stop_below,
    note_below = excluded.note_below,
    outcome = excluded.outcome,
    is_good = false,
    is_accepted = false,
    measured_at = excluded.measured_at;

-- name: mark_good
-- Mark a run as good after its gate has passed: later runs are compared with it.
update ops.volumes set is_good = true
where boundary = %(boundary)s and dataset_group = %(dataset_group)s and run_key = %(run_key)s;

-- name: accept
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
    note_below, outcome, is_good, is_accepted
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
    'passed' as outcome,
    true as is_good,
    true as is_accepted
from ops.volumes
where
    boundary = %(boundary)s
    and dataset_group = %(dataset_group)s
    and run_key = (select newest.run_key from newest)
on conflict (boundary, dataset_group, measure, run_key) do update set is_accepted = true
returning measure, value, last_good_value;
