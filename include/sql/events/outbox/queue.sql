-- What the orders that have just changed say about purchases becomes events, for every group. Runs after
-- raw/company__orders/merge, in its transaction: the marts, which tell what is a group's, may not be there yet. A
-- purchase is here what it is in dbt's int_purchases__by_order; a test compares the two.
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
        items.quantity * (1 + items.merged_lines) as quantity,
        items.product_key
    from (select distinct order_id from changed_orders) as changed
    cross join given
    inner join raw.company__orders as orders
        on given.source = orders.source and changed.order_id = orders.order_id
    inner join raw.company__order_items as items
        on orders.source = items.source and orders.order_id = items.order_id
    where
        orders.status = given.status
        and orders.user_id is not null
        and orders.ordered_at > given.oldest_at
        and items.quantity > 0
        and items.unit_price > 0
),

purchases as (
    select
        encode(
            sha256(
                convert_to(
                    concat_ws(chr(31), given.event_type, lines.source, lines.order_id, lines.product_key), 'UTF8'
                )
            ),
            'hex'
        ) as event_id,
        lines.user_id,
        encode(sha256(convert_to(concat_ws(chr(31), lines.source, lines.order_id), 'UTF8')), 'hex') as session_id,
        given.event_type,
        lines.product_key,
        sum(lines.quantity)::real as event_value,
        lines.ordered_at as occurred_at,
        lines.source,
        lines.order_id
    from lines
    cross join given
    where
        not exists (
            select from unnest(given.non_product_patterns) as patterns (pattern)
            where upper(lines.product_key) ~ ('^(' || patterns.pattern || ')$')
        )
    group by given.event_type, lines.source, lines.order_id, lines.user_id, lines.ordered_at, lines.product_key
)

select
    purchases.event_id,
    purchases.user_id,
    purchases.session_id,
    purchases.event_type,
    spellings.product_id as item_id,
    purchases.event_value,
    purchases.occurred_at,
    purchases.source,
    purchases.order_id,
    events.why_unsendable(
        purchases.user_id,
        purchases.session_id,
        purchases.event_type,
        spellings.product_id,
        purchases.event_value,
        purchases.occurred_at
    ) as fault
from purchases
inner join raw.company__product_spellings as spellings on purchases.product_key = spellings.product_key;

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

-- What was sent stays as it was sent. What was refused gets another try in its new form. What no service would take is
-- dead from the start, with its reason: it never shares a call with others, and never fails the merge.
insert into events.outbox as known (
    event_id,
    dataset_group,
    user_id,
    session_id,
    event_type,
    item_id,
    event_value,
    occurred_at,
    source,
    order_id,
    state,
    last_error
)
select
    purchase_events.event_id,
    receivers.dataset_group,
    purchase_events.user_id,
    purchase_events.session_id,
    purchase_events.event_type,
    purchase_events.item_id,
    purchase_events.event_value,
    purchase_events.occurred_at,
    purchase_events.source,
    purchase_events.order_id,
    case when purchase_events.fault is null then receivers.state else 'dead' end as state,
    purchase_events.fault as last_error
from purchase_events
cross join unnest(%(dataset_groups)s::text[], %(states)s::text[]) as receivers (dataset_group, state)
on conflict (event_id, dataset_group) do update set
    user_id = excluded.user_id,
    item_id = excluded.item_id,
    event_value = excluded.event_value,
    occurred_at = excluded.occurred_at,
    state = excluded.state,
    queued_at = case when known.state = 'held' then excluded.queued_at else known.queued_at end,
    attempts = 0,
    last_error = excluded.last_error,
    tried_at = null
where known.state <> 'sent';
