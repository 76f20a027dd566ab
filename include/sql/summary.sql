-- name: counts
-- One row: counts of everything before the pipeline splits into groups.
select
    (select count(*) from raw.company__orders) as orders,
    (select count(*) from raw.company__order_items) as order_lines,
    (select coalesce(sum(merged_lines), 0) from raw.company__order_items)::bigint as merged,
    (select coalesce(sum(n_lines), 0) from raw.company__rejects)::bigint as rejected,
    (select count(*) from core.customers) as customers,
    (select count(*) from core.products) as products;

-- name: rejects
-- One row per reason: how many lines were not loaded because of it.
select
    reason,
    sum(n_lines)::bigint as n_lines
from raw.company__rejects
group by reason
order by n_lines desc, reason;

-- name: quality
-- One row per suite, newest run: how many of its expectations passed, and the names of the others.
with newest as (
    select distinct on (suite)
        suite,
        run_key
    from ops.quality_results
    order by suite asc, checked_at desc
)

select
    quality_results.suite,
    quality_results.severity,
    count(*) as expectations,
    count(*) filter (where quality_results.has_passed) as met,
    coalesce(
        array_agg(quality_results.check_id order by quality_results.check_id)
        filter (where not quality_results.has_passed),
        '{}'
    ) as failed
from ops.quality_results
inner join newest
    on
        quality_results.suite = newest.suite
        and quality_results.run_key = newest.run_key
group by quality_results.suite, quality_results.severity
order by quality_results.suite;

-- name: metrics
-- One row per metric of the newest version of each solution.
with newest as (
    select distinct on (solution)
        solution,
        solution_version_arn
    from ops.model_metrics
    order by solution asc, measured_at desc
)

select
    model_metrics.solution,
    model_metrics.metric,
    model_metrics.value
from ops.model_metrics
inner join newest on model_metrics.solution_version_arn = newest.solution_version_arn
order by model_metrics.solution, model_metrics.metric;

-- name: stage
-- One row: how many rows a stage of a group has written since a moment, by its receipts.
select coalesce(sum(rows_out), 0)::bigint as n_rows
from ops.receipts
where
    stage = %(stage)s
    and finished_at >= %(since)s
    and %(dataset_group)s = case  -- noqa: RF02
        when split_part(subject, '/', 1) = any(%(further_groups)s::text[]) then split_part(subject, '/', 1)
        else %(first_group)s
    end;

-- name: group_counts
-- One row: how much there is of a group: what was exported, whom it serves, and who of these has a list.
with buyers as (
    select customers.user_id
    from core.customers
    where
        customers.n_sales > 0
        and (
            %(is_everybody)s
            or customers.user_id in (select interactions.user_id from {interactions} as interactions)  -- noqa: RF02
        )
)

select
    (select count(*) from {interactions} as rows_of_it) as interactions,  -- noqa: AL05
    (select count(*) from {cache}.offline_user_recommendations) as users_with_recommendations,
    (select count(*) from {cache}.offline_similar_items) as products_with_similar_items,
    (select count(*) from buyers) as customers_with_a_purchase,
    (
        select count(*)
        from buyers
        left join {cache}.offline_user_recommendations as lists on buyers.user_id = lists.user_id
        where
            lists.user_id is null
            and %(has_users)s
    ) as customers_without_recommendations;

-- name: customers
-- Five customers of a group with some history, the same ones on every run: what they bought, what is recommended.
with chosen as (
    select customers.user_id
    from core.customers
    where
        customers.n_purchases between 5 and 60
        and (
            %(is_everybody)s
            or customers.user_id in (select interactions.user_id from {interactions} as interactions)  -- noqa: RF02
        )
    order by md5(customers.user_id)
    limit 5
),

bought as (
    select
        purchases.user_id,
        array_agg(purchases.product_name order by purchases.last_at desc, purchases.product_name) as names
    from (
        select
            interactions.user_id,
            coalesce(items.product_name, items.item_id) as product_name,
            max(interactions.timestamp) as last_at
        from {interactions} as interactions
        inner join chosen on interactions.user_id = chosen.user_id
        inner join personalize.items on interactions.item_id = items.item_id
        group by interactions.user_id, coalesce(items.product_name, items.item_id)
    ) as purchases
    group by purchases.user_id
),

recommended as (
    select
        lists.user_id,
        array_agg(coalesce(items.product_name, element.value ->> 'product_id') order by element.place) as names
    from {cache}.offline_user_recommendations as lists
    inner join chosen on lists.user_id = chosen.user_id
    cross join
        lateral jsonb_array_elements(lists.recommendations)
        with ordinality as element (value, place)
    left join personalize.items on items.item_id = element.value ->> 'product_id'
    where element.place <= 5
    group by lists.user_id
)

select
    chosen.user_id,
    bought.names[1:5] as bought,
    recommended.names as recommended
from chosen
inner join bought on chosen.user_id = bought.user_id
left join recommended on chosen.user_id = recommended.user_id
order by chosen.user_id;
