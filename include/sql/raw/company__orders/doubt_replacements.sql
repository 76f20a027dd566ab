-- Which staged versions replace another order: one of the same id and second, of another person, with no product in
-- common. settle_ids.sql cannot give the two different names, so the newer one stands, and is marked. What is not known
-- does not differ. Runs behind settle_ids.sql and before merge.sql.
create temp table same_second on commit drop as
with staged as (
    select
        version,
        order_id,
        ordered_at,
        user_id
    from staged_orders
    where is_mapped and user_id is not null
)

select
    staged.version,
    (
        select array_agg(items.product_key)
        from staged_order_items as items
        where items.version = staged.version
    ) as product_keys,
    (
        select array_agg(items.product_key)
        from staged_order_items as items
        where items.version = other.version
    ) as other_product_keys
from staged
inner join staged as other on staged.order_id = other.order_id
where
    staged.user_id <> other.user_id
    and abs(extract(epoch from staged.ordered_at - other.ordered_at)) < 1
union all
select
    staged.version,
    (
        select array_agg(items.product_key)
        from staged_order_items as items
        where items.version = staged.version
    ) as product_keys,
    (
        select array_agg(items.product_key)
        from raw.company__order_items as items
        where items.source = stored.source and items.order_id = stored.order_id
    ) as other_product_keys
from staged
inner join raw.company__orders as stored
    on
        stored.source = %(source)s
        and staged.order_id = stored.order_id
where
    staged.user_id <> stored.user_id
    and abs(extract(epoch from staged.ordered_at - stored.ordered_at)) < 1;

update staged_orders set doubts = array_append(doubts, 'replaces_another_order')
where version in (
    select same_second.version
    from same_second
    where not (same_second.product_keys && same_second.other_product_keys)
);
