"""Every check of every suite is seen to fail over data that breaks it, and over nothing else; its page is drawn."""

from __future__ import annotations

import html
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from aisle.quality.data_docs import write_data_docs
from aisle.quality.results import store_results
from aisle.quality.suites import BOUNDARIES, SUITES, read_suite, suites_of
from aisle.quality.validation import Validation, validate

#: Suite, what is done to the good world, and the checks that must then fail: these and no others.
BROKEN_WORLDS: list[tuple[str, str, set[str]]] = [
    ("raw_orders", "truncate raw.company__orders cascade", {"orders_arrived"}),
    (
        "raw_orders",
        """
        insert into raw.company__orders (
            source, order_id, order_number, ordered_at, status, user_id, content_hash, run_key
        )
        values ('web', '', '', now() + interval '2 hours', 'shipped', '', 'x', 'x')
        """,
        {"source_is_known", "order_id_length", "ordered_at_is_possible", "status_is_known", "user_id_length"},
    ),
    (
        "raw_orders",
        "update raw.company__orders set ordered_at = '1999-12-31 23:59:59+00' where order_id = 'O1'",
        {"ordered_at_is_possible"},
    ),
    (
        "raw_orders_outliers",
        """
        update raw.company__orders set
            user_id = case when order_id like '%1' then user_id end,
            total_amount = 1000000,
            updated_at = case when order_id = 'O1' then now() + interval '1 day' else ordered_at - interval '1 day' end,
            doubts = case when order_id = 'O2' then array['updated_at_is_impossible'] else '{}' end;
        insert into raw.company__orders
        select
            'pos', 'copy', ordered_at, updated_at, status, user_id, null, null, null, null, total_amount, 'x', 'x',
            null, null, '{}', 'copied'
        from raw.company__orders where order_id = 'O1'
        """,
        {
            "orders_have_a_customer", "total_amount_is_usual", "updated_at_is_possible", "edits_follow_orders",
            "orders_come_once", "values_are_believed", "items_add_up_to_totals", "order_ids_name_one_order",
        },
    ),
    (
        "raw_orders_outliers",
        """
        insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state)
        values ('pos', '2024-01-01', '2024-01-08 12:00+00', 'x', 'scheduled', 'proven')
        """,
        {"orders_keep_coming"},
    ),
    (
        "raw_events_outbox",
        """
        insert into events.outbox (
            event_id, dataset_group, user_id, session_id, event_type, occurred_at, state, queued_at
        )
        values ('late', 'aisle', 'ann', 'order', 'purchase', now(), 'waiting', now() - interval '61 minutes'),
            ('new', 'aisle', 'ann', 'order', 'purchase', now(), 'waiting', now() - interval '59 minutes'),
            ('refused', 'aisle', 'ann', 'order', 'purchase', now(), 'dead', now())
        """,
        {"events_are_sent_promptly", "events_are_accepted"},
    ),
    (
        "raw_events_outbox",
        """
        insert into events.outbox (
            event_id, dataset_group, user_id, session_id, event_type, occurred_at, state, queued_at
        )
        values ('late', 'shop-north', 'ann', 'order', 'purchase', now(), 'unsorted', now() - interval '61 minutes')
        """,
        {"events_are_sent_promptly"},
    ),
    (
        "raw_events_outbox",
        """
        insert into events.outbox (
            event_id, dataset_group, user_id, session_id, event_type, occurred_at, state, queued_at
        )
        values ('held', 'shop-north', 'ann', 'order', 'purchase', now(), 'held', now() - interval '61 minutes')
        """,
        set(),
    ),
    ("raw_order_items", "truncate raw.company__order_items", {"lines_arrived"}),
    (
        "raw_order_items",
        """
        update raw.company__order_items set product_id = '', quantity = 0 where order_id = 'O1';
        update raw.company__order_items set product_id = 'P1 ' where order_id = 'O2';
        update raw.company__order_items set merged_lines = -1 where order_id = 'O3'
        """,
        {"product_id_length", "product_id_is_trimmed", "quantity_is_not_zero", "merged_lines_is_a_count"},
    ),
    (
        "raw_order_items_outliers",
        """
        update raw.company__order_items set
            quantity = 80995, unit_price = -11062, merged_lines = 9, product_name = null;
        delete from raw.company__order_items where order_id like '%7'
        """,
        {
            "quantity_is_usual", "unit_price_is_usual", "merged_lines_are_few", "products_have_names",
            "orders_have_lines",
        },
    ),
    (
        "marts_interactions",
        "alter table personalize.interactions add column email text",
        {"columns_are_exported_ones"},
    ),
    (
        "marts_interactions",
        "delete from personalize.interactions where timestamp > 1704067201",
        {"interactions_suffice", "users_suffice"},
    ),
    (
        "marts_interactions",
        """
        insert into personalize.interactions values
            (null, null, null, 0, null), (md5('0'), 'P1', 'purchase', null, 1704067200),
            ('', repeat('x', 257), 'refund', 1, 1704067200000)
        """,
        {
            "user_id_is_given", "user_id_length", "item_id_is_given", "item_id_length", "event_type_is_given",
            "event_type_is_known", "event_value_is_given", "event_value_is_positive", "timestamp_is_given",
            "timestamp_is_possible",
        },
    ),
    (
        "marts_interactions",
        "update personalize.interactions set timestamp = extract(epoch from now() + interval '2 hours')::bigint",
        {"timestamp_is_possible"},
    ),
    (
        "marts_interactions_outliers",
        """
        insert into personalize.interactions
        select md5('0'), 'P1', 'purchase', 74215, 1704067200 from generate_series(1, 100)
        """,
        {"event_value_is_usual", "no_user_dominates", "interactions_come_once"},
    ),
    (
        "marts_interactions_privacy",
        """
        insert into personalize.interactions values
            ('0300-1234567', 'name@example.com', 'purchase', 1, 1704067200);
        insert into core.held_back_items values ('name@example.com', 'item_id', 'an e-mail address', 'x')
        """,
        {"user_id_is_a_hash", "held_back_items_are_absent"},
    ),
    *(
        (f"marts_{mart}", f"update personalize.{mart} set {column} = '{value}'", {check})
        for mart, column, check in (
            ("interactions", "event_value", "event_value_is_positive"), ("items", "price", "price_is_possible"),
        )
        for value in ("NaN", "Infinity", "-Infinity")
    ),
    ("marts_items", "alter table personalize.items add column brand text", {"columns_are_exported_ones"}),
    ("marts_items", "truncate personalize.items", {"items_exist"}),
    (
        "marts_items",
        """
        insert into personalize.items select * from personalize.items limit 1;
        insert into personalize.items values
            (null, '', repeat('x', 1001), -0.01, null), (repeat('x', 257), repeat('x', 20001), '', 1, -1)
        """,
        {
            "item_id_is_given", "item_id_is_unique", "item_id_length", "product_name_length", "category_length",
            "price_is_possible", "creation_timestamp_is_given", "creation_timestamp_is_possible",
        },
    ),
    (
        "marts_items_coverage",
        """
        insert into personalize.items
        select 'NEW' || nth, null, null, 38970, 1704067200 from generate_series(1, 9) as nth;
        insert into personalize.interactions values (md5('0'), 'GONE', 'purchase', 1, 1704067200)
        """,
        {
            "items_have_interactions", "most_items_have_interactions", "interactions_have_items", "items_have_names",
            "price_is_usual",
        },
    ),
    (
        "marts_items_privacy",
        "insert into core.held_back_items values ('P7', 'product_name', 'a phone number', 'x')",
        {"held_back_items_are_absent"},
    ),
    (
        "marts_held_back_items",
        "insert into core.held_back_items values ('GONE', 'category', 'an e-mail address', 'x')",
        {"products_are_not_held_back"},
    ),
    (
        "raw_dropped_files",
        """
        insert into ops.dropped_files (source, content_hash, name, n_bytes, state, run_key, error)
        values
            ('shopify', 'a', 'orders.csv', 9, 'failed', 'test', 'it has no rows'),
            ('shopify', 'b', 'more.csv', 9, 'read', 'test', null)
        """,
        {"files_are_read"},
    ),
    (
        "raw_source_drift",
        """
        insert into ops.source_fields (source, field, is_known, shape, n_seen)
        values ('pos', 'loyalty', false, 'text of 4 characters', 7);
        insert into ops.source_drift (source, kind, field, run_key) values ('pos', 'unknown field', 'loyalty', 'test')
        """,
        {"fields_are_known"},
    ),
    (
        "raw_vanished_orders",
        """
        insert into ops.vanished_orders (source, order_id, ordered_at, run_key)
        select source, order_id, ordered_at, 'test' from raw.company__orders where order_id in ('O1', 'O2', 'O3')
        """,
        {"orders_are_still_given"},
    ),
    (
        "marts_customers",
        "update core.customers set place_seems_to_hold = 'a phone number' where user_id = md5('7')",
        {"places_hold_no_contacts"},
    ),
    ("marts_users", "alter table personalize.users add column phone text", {"columns_are_exported_ones"}),
    ("marts_users", "truncate personalize.users", {"users_exist"}),
    (
        "marts_users",
        """
        insert into personalize.users select * from personalize.users limit 1;
        insert into personalize.users values
            (null, 131, '', ''), (repeat('x', 257), -1, repeat('x', 1001), repeat('x', 1001))
        """,
        {
            "user_id_is_given", "user_id_is_unique", "user_id_length", "age_is_possible", "gender_length",
            "location_length",
        },
    ),
    (
        "marts_users_coverage",
        """
        update personalize.users set location = null;
        insert into personalize.users values (md5('new'), null, null, null);
        insert into personalize.interactions values (md5('gone'), 'P1', 'purchase', 1, 1704067200)
        """,
        {"users_have_locations", "users_have_interactions", "interactions_have_users"},
    ),
    (
        "marts_users_privacy",
        """
        insert into personalize.users values
            ('name@example.com', null, 'name@example.com', 'name@example.com, Punjab'),
            (md5('x'), null, '0092 300 1234567', 'Lahore 0300-1234567')
        """,
        {
            "user_id_is_a_hash", "gender_has_no_email", "gender_has_no_phone", "location_has_no_email",
            "location_has_no_phone",
        },
    ),
]  # fmt: skip


def fallen(boundary: str, measure: str) -> str:
    """A measure of the run that has fallen to a tenth."""
    return f"""
    insert into ops.volumes (
        boundary, dataset_group, measure, run_key, value, last_good_value, last_good_run_key, typical_value, stop_below,
        note_below, outcome
    ) values ('{boundary}', '', '{measure}', 'test', 10, 100, 'before', 100, 0.5, 0.9, 'stop');
    """


#: The measures behind each check of the volumes of a boundary.
MEASURES = {
    "raw": {"orders_hold": "orders of pos", "order_items_hold": "order items of pos", "users_hold": "users of oe"},
    "marts": {"interactions_hold": "interactions", "users_hold": "users", "items_hold": "items"},
    "export": {
        "interactions_hold": "rows of interactions", "users_hold": "rows of users", "items_hold": "rows of items",
    },
    "batch_input": {"users_hold": "users asked", "items_hold": "items asked"},
    "batch_output": {"lists_hold": "lists of items", "products_hold": "products in lists of users"},
    "churn": {"customers_hold": "customers scored"},
}  # fmt: skip
BROKEN_WORLDS += [
    (suite, "".join(fallen(boundary, measure) for measure in measures.values()), set(measures))
    for boundary, measures in MEASURES.items()
    for suite in (f"{boundary}_volumes", f"{boundary}_volumes_notes")
]
BROKEN_WORLDS += [
    ("churn_scores", "truncate ops.churn_scores", {"scores_exist"}),
    (
        "churn_scores",
        """
        alter table ops.churn_scores drop constraint churn_scores_pkey;
        alter table ops.churn_scores alter user_id drop not null, alter churn_risk drop not null,
            alter features drop not null;
        insert into ops.churn_scores values
            (null, 0.5, '{}', '[]', 'test', 'model', current_date),
            (md5('1'), null, null, '[]', 'x', 'x', current_date),
            ('nan', 'NaN', '{}', '[]', 'test', 'model', current_date),
            ('x', -0.1, '{}', '[]', 'test', 'model', current_date)
        """,
        {
            "user_id_is_given", "user_id_is_unique", "churn_risk_is_given", "churn_risk_is_a_probability",
            "features_are_given", "run_is_one",
        },
    ),
    ("churn_scores", "update ops.churn_scores set churn_risk = 0.42", {"risks_differ"}),
    (
        "churn_scores_notes",
        "update ops.churn_scores set churn_risk = 0.9, reasons = '[]', as_of_date = current_date - 9",
        {"high_risks_are_few", "as_of_date_is_recent", "reasons_are_given"},
    ),
]  # fmt: skip
REFUSED = "insert into ops.refusals values ('test', 'pos', 'unknown_status', 60, 180, 0.6, 0.05, 0.25, 'stop', now())"
BROKEN_WORLDS += [
    ("raw_refusals", REFUSED, {"refusals_are_few"}),
    ("raw_refusals_notes", REFUSED, {"refusals_are_rare"}),
    (
        "raw_status_words",
        "insert into ops.status_words values ('pos', 'fulfilled', 60, now())",
        {"status_words_are_mapped"},
    ),
]


def broken_lists(suite: str, table: str, key: str, lists: str) -> list[tuple[str, str, set[str]]]:
    """The broken worlds of one kind of batch output."""
    good = """'2024-03-01', 'engine', 'good'"""
    rows = [
        "(null, null, null, null, null)",
        f"('', '[]', {good})",
        f"('an object', '{{}}', {good})",
        f"('no score', '[{{\"product_id\": \"P1\"}}]', {good})",
        f'(\'score as text\', \'[{{"product_id": "P1", "score": "1"}}]\', {good})',
        f'(\'twice\', \'[{{"product_id": "P1", "score": 1}}, {{"product_id": "P1", "score": 0}}]\', {good})',
        "('other', '[{\"product_id\": \"P1\", \"score\": 1}]', '2024-03-01', 'magic', 'other')",
    ]
    long_list = (
        "select jsonb_agg(jsonb_build_object('product_id', n::text, 'score', n)) from generate_series(1, 501) as n"
    )
    return [
        (suite, f"truncate {table}", {"lists_exist", "generation_is_one"}),
        (
            suite,
            f"""
            insert into {table} values {", ".join(rows)};
            insert into {table} select 'long', ({long_list}), {good};
            insert into {table} select * from {table} where {key} = 'long'
            """,
            {
                f"{key}_is_given", f"{key}_is_unique", f"{key}_length", f"{lists}_is_given", "lists_are_filled",
                "lists_are_bounded", "elements_are_scored", "elements_are_distinct", "updated_at_is_given",
                "score_kind_is_given", "score_kind_is_known", "generation_is_given", "generation_is_one",
            },
        ),
        (
            f"{suite}_coverage",
            f"""update {table} set {lists} = '[{{"product_id": "GONE", "score": 1}}]'""",
            {"lists_are_long_enough", "products_are_known", "catalogue_is_reached"},
        ),
    ]  # fmt: skip


USER_LISTS = ("cache.offline_user_recommendations__next", "user_id", "recommendations")
SIMILAR_LISTS = ("cache.offline_similar_items__next", "product_id", "similar_products")
BROKEN_WORLDS += broken_lists("batch_user_lists", *USER_LISTS)
BROKEN_WORLDS += broken_lists("batch_similar_lists", *SIMILAR_LISTS)
BROKEN_WORLDS += [
    (
        "batch_similar_lists",
        """
        update cache.offline_similar_items__next
        set similar_products = jsonb_set(similar_products, '{0,product_id}', to_jsonb(product_id))
        where product_id = 'P5'
        """,
        {"products_are_not_similar_to_themselves"},
    )
]


def validated(url: str, suite_name: str) -> Validation:
    """The run of one suite on the world at `url`."""
    (validation,) = validate([read_suite(SUITES / f"{suite_name}.json")], url, "test", datetime.now(UTC))
    assert [check for check in validation.checks if "failure" in check.observed] == []
    return validation


def failed_checks(validation: Validation) -> set[str]:
    """The checks of a suite that failed."""
    return {check.check for check in validation.checks if not check.has_passed}


@pytest.mark.parametrize(
    ("suite_name", "breakage", "expected"),
    BROKEN_WORLDS,
    ids=[f"{n}-{world[0]}" for n, world in enumerate(BROKEN_WORLDS)],
)
def test_exactly_the_broken_checks_fail(
    good_world: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    suite_name: str,
    breakage: str,
    expected: set[str],
) -> None:
    with psycopg.connect(good_world) as connection:
        connection.execute(breakage.encode())
    validation = validated(good_world, suite_name)
    assert failed_checks(validation) == expected
    store_results(good_world, "test", [validation])
    write_data_docs(tmp_path, good_world, "test", [validation])
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    page = html.unescape((tmp_path / suite_name / "test.html").read_text())
    queries = [check for check in validation.checks if check.expectation == "unexpected_rows_expectation"]
    for row in (row for check in queries for row in check.observed.get("partial_unexpected_list", ())):
        assert row in page
        assert row, "a row that names nothing"
        assert re.search(r"\b[0-9a-f]{32}\b", row) is None, "a row that names a user by more than a pseudonym"


def test_every_check_of_every_suite_is_seen_to_fail() -> None:
    broken = {(suite, check) for suite, _, checks in BROKEN_WORLDS for check in checks}
    existing = {
        (suite.name, check) for boundary in BOUNDARIES for suite in suites_of(boundary) for check in suite.checks
    }
    assert existing - broken == set()
    assert broken - existing == set()
