-- One row: how much of everything there is before the line parts into groups.
select
    (select count(*) from raw.company__orders) as orders,
    (select count(*) from raw.company__order_items) as order_lines,
    (select coalesce(sum(merged_lines), 0) from raw.company__order_items)::bigint as merged,
    (select coalesce(sum(n_lines), 0) from raw.company__rejects)::bigint as rejected,
    (select count(*) from core.customers) as customers,
    (select count(*) from core.products) as products
