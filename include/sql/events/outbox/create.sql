-- One row per event and dataset group whose service is to be told of it, or has been. Of an order: one event per
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

create index if not exists outbox_unsent on events.outbox (dataset_group, queued_at) where state <> 'sent';
create index if not exists outbox_order on events.outbox (source, order_id);
create index if not exists outbox_user on events.outbox (user_id);
create index if not exists outbox_sent_at on events.outbox (sent_at);
