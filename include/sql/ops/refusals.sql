-- name: create
-- One row per source and reason, and one over all reasons of a source, for each run of the raw gate: how much of what
-- the windows since the last good gate cover is refused. share is the larger of two: of the orders, of the order items.
create table if not exists ops.refusals (
    run_key text not null,
    source text not null,
    reason text not null,
    n_orders bigint not null,
    n_order_items bigint not null,
    share numeric not null,
    note_above numeric not null,
    stop_above numeric not null,
    outcome text not null,
    counted_at timestamptz not null default now(),
    primary key (run_key, source, reason)
);
select ops.rename_column('ops.refusals', 'verdict', 'outcome');

-- An earlier version called an outcome of `passed` `met`.
alter table ops.refusals drop constraint if exists refusals_verdict_check;
alter table ops.refusals drop constraint if exists refusals_outcome_check;
update ops.refusals set outcome = 'passed'
where outcome = 'met';
alter table ops.refusals add constraint refusals_outcome_check check (outcome in ('passed', 'note', 'stop'));

-- name: delete
-- What an earlier try of the same run counted.
delete from ops.refusals
where run_key = %(run_key)s;

-- name: count
-- What is refused now of the time that the windows since the last good raw gate cover. Read off the tables and not off
-- the ledger, so that a backfill that repairs orders is seen at once.
with since as (
    select coalesce(max(measured_at), '-infinity') as moment
    from ops.volumes
    where boundary = 'raw' and is_good and run_key <> %(run_key)s
),

arrivals as (
    select
        source,
        window_start as starts_at,
        window_end as ends_at,
        run_key,
        finished_at
    from ops.ingest_windows
    where state = 'proven'
    union all
    select
        source,
        first_ordered_at as starts_at,
        last_ordered_at + interval '1 second' as ends_at,
        run_key,
        finished_at
    from ops.dropped_files
    where state = 'read'
),

spans as (
    select
        arrivals.source,
        min(arrivals.starts_at) as starts_at,
        max(arrivals.ends_at) as ends_at,
        array_agg(arrivals.run_key) as run_keys
    from arrivals
    cross join since
    where arrivals.finished_at > since.moment
    group by arrivals.source
),

rejects as (
    select
        rejects.source,
        rejects.reason,
        rejects.n_lines,
        case when rejects.line_number is null then coalesce(rejects.order_id, rejects.reject_id) end as order_id
    from raw.company__rejects as rejects
    inner join spans on rejects.source = spans.source
    where
        case
            when rejects.ordered_at is null then rejects.run_key = any(spans.run_keys)
            else rejects.ordered_at >= spans.starts_at and rejects.ordered_at < spans.ends_at
        end
),

orders as (
    select
        orders.source,
        orders.order_id
    from raw.company__orders as orders
    inner join spans on orders.source = spans.source
    where orders.ordered_at >= spans.starts_at and orders.ordered_at < spans.ends_at
),

order_items as (
    select
        orders.source,
        sum(1 + items.merged_lines) as n_order_items
    from orders
    inner join raw.company__order_items as items on orders.source = items.source and orders.order_id = items.order_id
    group by orders.source
),

all_orders as (
    select
        source,
        count(*) as n_orders
    from (
        select source, order_id from orders
        union
        select source, order_id from rejects
        where order_id is not null
    ) as known
    group by source
),

refused as (
    select
        source,
        coalesce(reason, 'any reason') as reason,
        count(distinct order_id) as n_orders,
        sum(n_lines)::bigint as n_order_items
    from rejects
    group by grouping sets ((source, reason), (source))
),

all_order_items as (
    select
        refused.source,
        refused.n_order_items + coalesce(order_items.n_order_items, 0) as n_order_items
    from refused
    left join order_items on refused.source = order_items.source
    where refused.reason = 'any reason'
),

shares as (
    select
        refused.source,
        refused.reason,
        refused.n_orders,
        refused.n_order_items,
        all_order_items.n_order_items as n_all_order_items,
        round(
            greatest(
                refused.n_orders::numeric / nullif(all_orders.n_orders, 0),
                refused.n_order_items::numeric / nullif(all_order_items.n_order_items, 0)
            ),
            4
        ) as share
    from refused
    inner join all_order_items on refused.source = all_order_items.source
    left join all_orders on refused.source = all_orders.source
)

insert into ops.refusals (
    run_key, source, reason, n_orders, n_order_items, share, note_above, stop_above, outcome
)
select
    %(run_key)s,
    source,
    reason,
    n_orders,
    n_order_items,
    coalesce(share, 0),
    %(note_above)s,
    %(stop_above)s,
    case
        when share > %(stop_above)s and n_all_order_items >= %(min_order_items)s then 'stop'
        when share > %(note_above)s then 'note'
        else 'passed'
    end as outcome
from shares;
