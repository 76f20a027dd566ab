-- name: create
-- One row per event and dataset group to whose service it is or was sent. Of an order: one event per
-- product, the grain of personalize.interactions. Only what is waiting may be sent: unsorted is what nobody has looked
-- at yet, whether it is one of the group's; held is what the marts do not know enough of to tell. queued_at: since when
-- it might have been sent. tried_at and last_error are of the newest refusal; a claim is a row lock, and no state.
create table if not exists events.outbox (
    event_id text not null,
    dataset_group text not null,
    user_id text not null,
    session_id text not null,
    event_type text not null,
    item_id text,
    event_value real,
    occurred_at timestamptz not null,
    source text,
    order_id text,
    state text not null default 'waiting' check (state in ('unsorted', 'held', 'waiting', 'sent', 'dead')),
    attempts integer not null default 0,
    last_error text,
    queued_at timestamptz not null default now(),
    tried_at timestamptz,
    sent_at timestamptz,
    primary key (event_id, dataset_group)
);

-- impression: the items of the list on which the user saw this one.
alter table events.outbox add column if not exists impression text[];

create index if not exists outbox_unsent on events.outbox (dataset_group, queued_at) where state <> 'sent';
create index if not exists outbox_order on events.outbox (source, order_id);
create index if not exists outbox_user on events.outbox (user_id);
create index if not exists outbox_sent_at on events.outbox (sent_at);

-- name: why_unsendable
-- Why PutEvents would not take an event; null if it would. The limits are those of personalize_kinds.limits; a test
-- compares them. An event from the future would outweigh every later one, and PostgreSQL knows moments and numbers that
-- neither JSON nor Python has.
create or replace function events.why_unsendable(
    user_id text, session_id text, event_type text, item_id text, event_value real, occurred_at timestamptz
) returns text stable parallel safe language sql
as $$
    select case
        when coalesce(item_id, '') = '' then 'itemId is missing'
        when coalesce(user_id, '') = '' then 'userId is missing'
        when event_type !~ '^[A-Za-z_][A-Za-z0-9_]{0,63}$'
            then format('eventType is %L, which is not one word', left(event_type, 40))
        when length(item_id) > 256 then format('itemId has %s characters; 256 are allowed', length(item_id))
        when length(user_id) > 256 then format('userId has %s characters; 256 are allowed', length(user_id))
        when length(session_id) not between 1 and 256
            then format('sessionId has %s characters; 1 to 256 are allowed', length(session_id))
        when item_id ~ '[[:cntrl:]]' then 'itemId has control characters'
        when user_id ~ '[[:cntrl:]]' then 'userId has control characters'
        when event_value in ('NaN', 'Infinity', '-Infinity') then format('eventValue is %s', event_value)
        when occurred_at < '1970-01-01T00:00:00Z' then format('sentAt is %s, before 1970', occurred_at)
        when occurred_at > now() + interval '1 day' then format('sentAt is %s, more than a day ahead', occurred_at)
    end
$$;

-- name: queue
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

-- name: withdraw_departed
-- What was not sent to groups that the file has no more: nobody would ever send it. What a merge is just changing is
-- left to the next run.
delete from events.outbox
using (
    select event_id, dataset_group
    from events.outbox
    where state <> 'sent' and dataset_group <> all(%(dataset_groups)s::text[])
    for update skip locked
) as departed
where outbox.event_id = departed.event_id and outbox.dataset_group = departed.dataset_group;

-- name: put_aside
-- What waits for a group and no service would take is dead, with its reason: it came before the check did, or somebody
-- has replayed it without fixing it. Runs before events are claimed, which one impossible moment would keep from all.
update events.outbox set
    state = 'dead',
    last_error = checked.fault
from (
    select
        event_id,
        dataset_group,
        events.why_unsendable(user_id, session_id, event_type, item_id, event_value, occurred_at) as fault
    from events.outbox
    where state in ('unsorted', 'held', 'waiting') and dataset_group = %(dataset_group)s
    for update skip locked
) as checked
where
    outbox.event_id = checked.event_id
    and outbox.dataset_group = checked.dataset_group
    and checked.fault is not null;

-- name: sort
-- Which events are the group's: those wait to be sent, and any other goes. {belongs} speaks of a row of interactions;
-- it is null as long as the marts do not know the user or the item, which then are held until the marts do, or until
-- they are so old that they are left to the export. A row that a merge is just changing is left to the next run.
with looked_at as materialized (
    select
        event_id,
        state,
        user_id,
        item_id,
        event_type,
        event_value,
        floor(extract(epoch from occurred_at))::bigint as timestamp,
        occurred_at > now() - make_interval(hours => %(max_age_hours)s) as may_wait
    from events.outbox
    where state in ('unsorted', 'held') and dataset_group = %(dataset_group)s
    for update skip locked
),

sorted_out as materialized (
    select
        interactions.event_id,
        interactions.state,
        {belongs} as is_theirs,
        interactions.may_wait
    from looked_at as interactions
),

withdrawn as (
    delete from events.outbox
    using sorted_out
    where
        outbox.event_id = sorted_out.event_id
        and outbox.dataset_group = %(dataset_group)s
        and not coalesce(sorted_out.is_theirs, sorted_out.may_wait)
),

kept as (
    update events.outbox set
        state = case when sorted_out.is_theirs then 'waiting' else 'held' end,
        queued_at = case when sorted_out.state = 'held' then now() else outbox.queued_at end
    from sorted_out
    where
        outbox.event_id = sorted_out.event_id
        and outbox.dataset_group = %(dataset_group)s
        and coalesce(sorted_out.is_theirs, sorted_out.may_wait and sorted_out.state = 'unsorted')
)

select
    count(*) filter (where is_theirs) as n_theirs,
    count(*) filter (where is_theirs is null and may_wait) as n_held,
    count(*) filter (where not coalesce(is_theirs, may_wait)) as n_withdrawn
from sorted_out;

-- name: claim
-- The events of a group that have waited longest, locked for this transaction: who dies with them gives them back. An
-- event that was refused waits for the next run.
select
    event_id,
    user_id,
    session_id,
    event_type,
    item_id,
    event_value,
    occurred_at,
    impression
from events.outbox
where
    state = 'waiting'
    and dataset_group = %(dataset_group)s
    and (tried_at < %(began_at)s) is not false
order by queued_at
limit %(n_events)s
for update skip locked;

-- name: mark_sent
update events.outbox set
    state = 'sent',
    sent_at = clock_timestamp()
where event_id = any(%(event_ids)s) and dataset_group = %(dataset_group)s;

-- name: refuse
-- An event was refused once more; the last time that is one too many, it is dead until somebody replays it.
update events.outbox set
    attempts = attempts + 1,
    state = case when attempts + 1 >= %(max_attempts)s then 'dead' else 'waiting' end,
    last_error = %(error)s,
    tried_at = clock_timestamp()
where event_id = %(event_id)s and dataset_group = %(dataset_group)s
returning state = 'dead';

-- name: backlog
-- What has not been sent to a group's service: waiting, held back, dead.
select
    now() as seen_at,
    count(*) filter (where state = 'waiting') as n_waiting,
    count(*) filter (where state in ('unsorted', 'held')) as n_held,
    count(*) filter (where state = 'dead') as n_dead
from events.outbox
where state <> 'sent' and dataset_group = %(dataset_group)s;

-- name: delays
-- Seconds from a row to its acknowledgement, for the events of a group that were acknowledged since a moment.
select
    coalesce(
        percentile_cont(0.95) within group (order by extract(epoch from sent_at - queued_at)), 0
    )::double precision as p95_seconds
from events.outbox
where sent_at >= %(began_at)s and dataset_group = %(dataset_group)s;

-- name: groups
-- The dataset groups that events were ever meant for.
select distinct dataset_group
from events.outbox;

-- name: dead_reasons
-- Of what the events of a group, or of every one, died: each reason with its number of events, the commonest first.
select
    dataset_group,
    last_error as reason,
    count(*) as n_events
from events.outbox
where state = 'dead' and (%(dataset_group)s::text is null or dataset_group = %(dataset_group)s)
group by dataset_group, last_error
order by n_events desc, dataset_group, reason;

-- name: replay_dead
-- Dead events of a group, or of every one, wait again, as if they had never been tried. The reason stays meanwhile.
update events.outbox set
    state = 'waiting',
    attempts = 0,
    tried_at = null
where state = 'dead' and (%(dataset_group)s::text is null or dataset_group = %(dataset_group)s);
