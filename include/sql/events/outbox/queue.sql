-- What the orders that have just changed say about purchases becomes events. Runs after raw/company__orders/merge, in
-- its transaction. A purchase is here what it is in dbt's int_purchases__by_order; a test compares the two.
create temp table purchase_events on commit drop as
with given as (
    select
        %(source)s::text as source,
        %(event_type)s::text as event_type,
        %(status)s::text as status,
        now() - make_interval(hours => %(max_age_hours)s) as oldest_at,
        %(non_product_patterns)s::text[] as non_product_patterns
),

lines as (
    select
        orders.source,
        orders.order_id,
        orders.user_id,
        orders.ordered_at,
        items.quantity,
        upper(btrim(items.product_id)) as item_id
    from changed_orders
    cross join given
    inner join raw.company__orders as orders
        on given.source = orders.source and changed_orders.order_id = orders.order_id
    inner join raw.company__order_items as items
        on orders.source = items.source and orders.order_id = items.order_id
    where
        orders.status = given.status
        and orders.user_id is not null
        and orders.ordered_at > given.oldest_at
        and items.quantity > 0
        and items.unit_price > 0
)

select
    encode(
        sha256(convert_to(concat_ws(chr(31), given.event_type, lines.source, lines.order_id, lines.item_id), 'UTF8')),
        'hex'
    ) as event_id,
    lines.user_id,
    encode(sha256(convert_to(concat_ws(chr(31), lines.source, lines.order_id), 'UTF8')), 'hex') as session_id,
    given.event_type,
    lines.item_id,
    sum(lines.quantity)::real as event_value,
    lines.ordered_at as occurred_at,
    lines.source,
    lines.order_id
from lines
cross join given
where
    not exists (
        select from unnest(given.non_product_patterns) as patterns (pattern)
        where lines.item_id ~ ('^(' || patterns.pattern || ')$')
    )
group by given.event_type, lines.source, lines.order_id, lines.user_id, lines.ordered_at, lines.item_id;

-- What an order says no more, and what was not sent yet, is withdrawn: it was cancelled, edited, or is too old.
delete from events.outbox as old
using changed_orders
where
    old.source = %(source)s
    and old.order_id = changed_orders.order_id
    and old.state <> 'sent'
    and not exists (
        select from purchase_events
        where purchase_events.event_id = old.event_id
    );

-- What was sent stays as it was sent. What was refused gets another try in its new form.
insert into events.outbox as known (
    event_id, user_id, session_id, event_type, item_id, event_value, occurred_at, source, order_id
)
select
    event_id, user_id, session_id, event_type, item_id, event_value, occurred_at, source, order_id
from purchase_events
on conflict (event_id) do update set
    user_id = excluded.user_id,
    event_value = excluded.event_value,
    occurred_at = excluded.occurred_at,
    state = 'waiting',
    attempts = 0,
    last_error = null,
    tried_at = null
where known.state <> 'sent';
