-- One row per event that Personalize is to be told of, or has been. Of an order: one per product, the grain of
-- personalize.interactions. tried_at and last_error are of the newest refusal; a claim is a row lock, and no state.
create table if not exists events.outbox (
    event_id text primary key,
    user_id text not null,
    session_id text not null,
    event_type text not null,
    item_id text,
    event_value real,
    occurred_at timestamptz not null,
    source text,
    order_id text,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'dead')),
    attempts integer not null default 0,
    last_error text,
    queued_at timestamptz not null default now(),
    tried_at timestamptz,
    sent_at timestamptz
);

create index if not exists outbox_unsent on events.outbox (queued_at) where state <> 'sent';
create index if not exists outbox_order on events.outbox (source, order_id);
create index if not exists outbox_user on events.outbox (user_id);
create index if not exists outbox_sent_at on events.outbox (sent_at);
