-- A warehouse after some weeks: models decided on, a suite that failed, a cache with a past, events that wait.

-- Six weekly versions of one solution: the newest waits, one was rejected, one is live, one before it.
insert into ops.model_versions (
    solution, solution_version_arn, run_key, state, trained_at, decided_at, decided_by, reason
)
select
    'user-personalization',
    format('arn:aws:personalize:us-east-1:000000000000:solution/aisle-user-personalization/week-%s', week),
    format('2026w%s', week),
    case week when 6 then 'waiting' when 5 then 'rejected' when 4 then 'live' when 3 then 'previous' else 'retired' end,
    now() - make_interval(days => (6 - week) * 7, hours => 5),
    case when week < 6 then now() - make_interval(days => (6 - week) * 7, hours => 4) end,
    case when week < 6 then 'gate' end,
    case week
        when 6 then 'ndcg@10 is 24 % above popularity; a person must approve'
        when 5 then 'ndcg@10 is 4 % below popularity; the live version stays'
        else 'ndcg@10 is 24 % above popularity'
    end
from generate_series(1, 6) as week;

insert into ops.model_evaluations (
    solution_version_arn, subject, metric, value, hold_out_from, hold_out_until, n_users, evaluated_at
)
select
    solution_version_arn,
    subject,
    metric,
    figures.value * case subject when 'candidate' then case state when 'rejected' then 0.96 else 1.24 end
        when 'live' then 1.2 else 1 end
    * (0.94 + 0.02 * row_number() over (partition by subject, metric order by trained_at)),
    trained_at - interval '7 days',
    trained_at,
    1412,
    trained_at + interval '1 hour'
from ops.model_versions
cross join unnest(array['candidate', 'popularity', 'live']) as subject
cross join (
    values ('ndcg_at_10', 0.171), ('precision_at_10', 0.062), ('recall_at_10', 0.214), ('mrr', 0.233), ('coverage', 0.41)
) as figures (metric, value);

insert into ops.model_metrics (solution, solution_version_arn, metric, value, measured_at)
select solution, solution_version_arn, 'normalized_discounted_cumulative_gain_at_10', 0.2, trained_at
from ops.model_versions;

-- A suite that stops and one that notes; fourteen runs each, the newest failed.
insert into ops.quality_results (
    run_key, suite, severity, check_id, expectation, column_name, has_passed, observed, n_unexpected, checked_at
)
select
    format('nightly-%s', lpad(night::text, 2, '0')),
    suite,
    severity,
    check_id,
    'expect_column_values_to_be_between',
    column_name,
    not (check_id = failing and night in (5, 14)),
    case when check_id = failing and night in (5, 14) then '{"observed_value": "<b>-3</b>", "partial": [-3, -1]}'::jsonb end,
    case when check_id = failing and night in (5, 14) then 2 end,
    now() - make_interval(days => 14 - night, hours => 1)
from generate_series(1, 14) as night
cross join (
    values
    ('marts_interactions', 'stop', 'value_is_positive', 'event_value', 'value_is_positive'),
    ('marts_interactions', 'stop', 'time_is_past', 'timestamp', 'value_is_positive'),
    ('marts_interactions', 'stop', 'user_is_hashed', 'user_id', 'value_is_positive'),
    ('raw_orders_outliers', 'note', 'quantity_is_usual', 'quantity', 'quantity_is_usual')
) as checks (suite, severity, check_id, column_name, failing)
on conflict do nothing;

-- What passed the boundaries in three runs: users asked fell to a tenth in the newest.
insert into ops.volumes (
    boundary, dataset_group, measure, run_key, value, last_good_value, last_good_run_key, typical_value, stop_below,
    note_below, outcome, is_good, measured_at
)
select
    boundary,
    '',
    measure,
    'run-' || nth,
    value,
    case when nth > 1 then 1200 end,
    case when nth > 1 then 'run-' || nth - 1 end,
    1200,
    0.5,
    0.9,
    case when value < 600 then 'stop' when value < 1080 then 'note' else 'passed' end,
    value >= 600,
    now() - make_interval(hours => 3 - nth)
from (
    values
    ('batch_input', 'users asked', 1, 1200), ('batch_input', 'users asked', 2, 1200),
    ('batch_input', 'users asked', 3, 120), ('raw', 'orders of pos', 1, 1200), ('raw', 'orders of pos', 2, 1000)
) as measured (boundary, measure, nth, value)
on conflict do nothing;

insert into ops.refusals (
    run_key, source, reason, n_orders, n_order_items, share, note_above, stop_above, outcome, counted_at
)
values
    ('run-2', 'pos', 'any reason', 720, 1440, 0.6, 0.05, 0.25, 'stop', now()),
    ('run-2', 'pos', 'unknown_status', 719, 1438, 0.5992, 0.05, 0.25, 'stop', now()),
    ('run-2', 'pos', 'malformed_order', 1, 2, 0.0008, 0.05, 0.25, 'passed', now()),
    ('run-1', 'oe', 'any reason', 9, 9, 0.01, 0.05, 0.25, 'passed', now())
on conflict do nothing;

insert into ops.status_words (source, word, n_orders, first_seen_at)
values
    ('pos', '<b>fulfilled</b>', 719, now() - interval '3 hours'),
    ('pos', 'on hold', 0, now() - interval '9 days')
on conflict do nothing;

-- Generations every six hours; in the live one some lines gave no list.
update cache.generations set state = 'retired';
insert into cache.generations (
    generation, state, user_lists, item_lists, users_asked, items_asked, solution_versions, published_at
)
select
    format('20261120T%s0000', lpad((nth * 6)::text, 2, '0')),
    case nth when 3 then 'live' when 2 then 'previous' else 'retired' end,
    1940 + nth,
    case nth when 3 then 580 else 600 end,
    1962,
    600,
    '{"users": "arn:aws:personalize:us-east-1:000000000000:solution/aisle-user-personalization/week-4", "items": null}',
    now() - case nth when 0 then interval '29 days' else make_interval(hours => (3 - nth) * 6 + 7) end
from generate_series(0, 3) as nth;
insert into cache.rejected_records (generation, subject, object_key, line_number, reason, detail, payload)
select '20261120T180000', 'items', 'recommend/items/out', line, reason, detail, 'secret payload'
from generate_series(1, 20) as line
cross join lateral (
    values (case when line < 17 then 'empty' else 'error' end, case when line < 17 then 'no item in the list' else 'Item not found' end)
) as why (reason, detail);

insert into events.outbox (
    event_id, dataset_group, user_id, session_id, event_type, item_id, occurred_at, state, attempts, queued_at, sent_at
)
select
    format('event-%s', nth),
    'aisle',
    'somebody',
    'session',
    'purchase',
    'P001',
    now(),
    case when nth <= 40 then 'sent' when nth <= 52 then 'waiting' else 'dead' end,
    1,
    now() - make_interval(mins => nth),
    case when nth <= 40 then now() end
from generate_series(1, 55) as nth;

-- Thirty days of jobs: trained weekly, asked four times a day, skipped on Sundays.
insert into ops.receipts (run_key, stage, subject, rows_in, rows_out, bytes, seconds, details, finished_at)
select
    format('day-%s', lpad(day::text, 2, '0')),
    stage,
    subject,
    rows_in,
    rows_in,
    bytes,
    2.5,
    details || jsonb_build_object('reused', day % 7 = 0),
    now() - make_interval(days => 30 - day, mins => 30)
from generate_series(1, 30) as day
cross join (
    values
    ('export', 'interactions', 450000, 42000000, '{}'::jsonb),
    ('export', 'interactions-import', null, null, '{"job": "arn:import"}'),
    ('recommend', 'users', 180000, null, '{"job": "arn:batch"}'),
    ('recommend', 'items', 4182, null, '{"job": "arn:batch"}'),
    ('train', 'user-personalization', null, null, '{"solution_version": "arn:version", "training_hours": 1.5}')
) as jobs (stage, subject, rows_in, bytes, details)
where stage <> 'train' or day % 7 = 1;
