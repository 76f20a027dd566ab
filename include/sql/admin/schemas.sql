-- The warehouse's schemas. dbt makes staging, intermediate, core and personalize itself.
create schema if not exists identity;
create schema if not exists raw;
create schema if not exists ops;
create schema if not exists cache;
create schema if not exists events;

comment on schema identity is
'Who is behind a user_id: names, phones, e-mails, addresses. Nothing of it leaves this schema.';
comment on schema raw is 'Orders as the company sent them, one row per order and per line, without personal data.';
comment on schema ops is 'How the line runs: windows, receipts, quality results, exports, jobs, model metrics.';
comment on schema cache is
'What the API serves: one live generation of recommendations, the one before, the one in the making.';
comment on schema events is 'Single events on their way to Personalize: the outbox.';
