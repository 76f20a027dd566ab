-- name: create
-- One row per event and dataset group that receives it. An order gives one event per product, the grain of
-- personalize.interactions. Only `waiting` events are sent. `unsorted`: not yet checked whether the event is the
-- group's; `held`: the marts do not know its user or item yet. queued_at: since when it could have been sent. tried_at
-- and last_error are of the newest refusal. A claim is a row lock, not a state.
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
-- Return why PutEvents would refuse an event; null if it would not. The limits are those of personalize_kinds.limits; a
-- test compares them. An event from the future would outweigh every later one, and PostgreSQL knows moments and numbers
-- that neither JSON nor Python has.
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
    null::text[] as impression,
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

-- Withdraw unsent events that their order no longer gives: it was cancelled or edited, or is too old.
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

{insert};

-- name: insert
-- Queue each of the given events for every group that receives it. What was sent stays as it was sent; what was refused
-- gets another try in its new form. What no service would take is dead from the start, with its reason: it never shares
-- a call with others, and never fails the transaction.
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
    impression,
    state,
    last_error
)
select
    given.event_id,
    receivers.dataset_group,
    given.user_id,
    given.session_id,
    given.event_type,
    given.item_id,
    given.event_value,
    given.occurred_at,
    given.source,
    given.order_id,
    given.impression,
    case when given.fault is null then receivers.state else 'dead' end as state,
    given.fault as last_error
from {events} as given
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
-- Withdraw unsent events of groups that have left the file, because nothing would send them. Rows that a merge has
-- locked are left to the next run.
delete from events.outbox
using (
    select event_id, dataset_group
    from events.outbox
    where state <> 'sent' and dataset_group <> all(%(dataset_groups)s::text[])
    for update skip locked
) as departed
where outbox.event_id = departed.event_id and outbox.dataset_group = departed.dataset_group;

-- name: put_aside
-- Mark a group's unsendable events as dead, with the reason: they were queued before the check existed, or replayed
-- without a fix. Runs before events are claimed, because a single impossible timestamp would fail every claim.
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
-- Record a refusal. After the last permitted attempt the event is dead until it is replayed.
update events.outbox set
    attempts = attempts + 1,
    state = case when attempts + 1 >= %(max_attempts)s then 'dead' else 'waiting' end,
    last_error = %(error)s,
    tried_at = clock_timestamp()
where event_id = %(event_id)s and dataset_group = %(dataset_group)s
returning state = 'dead';

-- name: backlog
-- Count a group's unsent events: waiting, held, dead.
select
    now() as seen_at,
    count(*) filter (where state = 'waiting') as n_waiting,
    count(*) filter (where state in ('unsorted', 'held')) as n_held,
    count(*) filter (where state = 'dead') as n_dead
from events.outbox
where state <> 'sent' and dataset_group = %(dataset_group)s;

-- name: delays
-- Return the p95 of the seconds from row to acknowledgement, over a group's events acknowledged since a time.
select
    coalesce(
        percentile_cont(0.95) within group (order by extract(epoch from sent_at - queued_at)), 0
    )::double precision as p95_seconds
from events.outbox
where sent_at >= %(began_at)s and dataset_group = %(dataset_group)s;

-- name: groups
-- Return every dataset group that events were queued for.
select distinct dataset_group
from events.outbox;

-- name: dead_reasons
-- Count the dead events of one group, or of all, by reason, the most frequent first.
select
    dataset_group,
    last_error as reason,
    count(*) as n_events
from events.outbox
where state = 'dead' and (%(dataset_group)s::text is null or dataset_group = %(dataset_group)s)
group by dataset_group, last_error
order by n_events desc, dataset_group, reason;

-- name: replay_dead
-- Let the dead events of one group, or of all, wait again with no attempts. The reason stays until the next attempt.
update events.outbox set
    state = 'waiting',
    attempts = 0,
    tried_at = null
where state = 'dead' and (%(dataset_group)s::text is null or dataset_group = %(dataset_group)s);
