"""Texts that people and programs wrote lose the person's contacts."""

from __future__ import annotations

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.stages.erase.rows import forget
from services.migrations import upgrade

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
HASHES = HASHER.hashes("pos", Customer(phone="0300-1234567", email="a@b.pk")).known
USER_ID = HASHES[0]

WRITTEN = {
    "raw.company__rejects.detail": (
        "insert into raw.company__rejects (reject_id, source, n_lines, reason, detail, payload, archive_key, run_key)"
        " values ('r', 'pos', 1, 'why', %(text)s, '', 'k', 'k')"
    ),
    "ops.ingest_windows.error": (
        "insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state, error)"
        " values ('pos', now() - interval '1 day', now(), 'k', 'tail', 'failed', %(text)s)"
    ),
    "ops.receipts.details": (
        "insert into ops.receipts (run_key, stage, subject, seconds, details)"
        " values ('k', 'l', 's', 1, jsonb_build_object('said', %(text)s::text))"
    ),
    "ops.quality_results.observed": (
        "insert into ops.quality_results (run_key, suite, severity, expectation, has_passed, observed, check_id)"
        " values ('k', 's', 'note', 'e', false, jsonb_build_array(%(text)s::text), 'c')"
    ),
    "ops.interventions.subject": (
        "insert into ops.interventions (run_key, kind, subject, asked_by, reason)"
        " values ('k', 'invalidation', %(text)s, 'a', 'r')"
    ),
    "events.outbox.last_error": (
        "insert into events.outbox (event_id, dataset_group, user_id, session_id, event_type, occurred_at, last_error)"
        " values ('e', 'g', 'other', 's', 'purchase', now(), %(text)s)"
    ),
}


@pytest.mark.parametrize("column", WRITTEN)
def test_a_text_keeps_what_it_says_without_the_person(warehouse_url: str, column: str) -> None:
    table, _, name = column.rpartition(".")
    text = f"user {USER_ID}: call 0300 1234567, not 0300-12345678, or A@B.pk; ask {USER_ID[:31]}"
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(WRITTEN[column].encode(), {"text": text})
        n_rows = forget(connection, "request", HASHES, ContactFinder(HASHER))
        [(left,)] = connection.execute(f"select {name}::text from {table}".encode()).fetchall()
    assert f"user [erased]: call [erased], not 0300-12345678, or [erased]; ask {USER_ID[:31]}" in left
    assert n_rows == {table: 1}


@pytest.mark.parametrize("written", ["A@B.pk", "ask a@b.pk", "0300 1234567", f"user {USER_ID}"])
def test_what_a_visitor_of_the_shop_page_wrote_about_themselves_is_erased(warehouse_url: str, written: str) -> None:
    upgrade(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            b"insert into serving.shop_requests (user_id, mode, product_ids, metadata)"
            b" values ('shop-1', 'metadata', '{}', jsonb_build_object('age', 34, 'city', %(written)s::text))",
            {"written": written},
        )
        n_rows = forget(connection, "request", HASHES, ContactFinder(HASHER))
        [(left,)] = connection.execute(b"select metadata from serving.shop_requests").fetchall()
    assert left["age"] == 34
    assert left["city"] in ("[erased]", "ask [erased]", "user [erased]")
    assert n_rows == {"serving.shop_requests": 1}


@pytest.mark.parametrize("phone", ["0300\u20131234567", "0300\u00a01234567", "٠٣٠٠-١٢٣٤٥٦٧", "+92 (0)300 1234567"])
def test_a_number_is_found_in_a_text_whatever_its_digits_and_dashes(warehouse_url: str, phone: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(WRITTEN["raw.company__rejects.detail"].encode(), {"text": f"call {phone}"})
        forget(connection, "request", HASHES, ContactFinder(HASHER))
        assert "1234567" not in str(left := connection.execute(b"select detail from raw.company__rejects").fetchall())
        assert "[erased]" in str(left)


def test_json_that_is_none_any_more_without_a_number_is_not_kept(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(WRITTEN["ops.quality_results.observed"].encode(), {"text": ""})
        connection.execute(b"update ops.quality_results set observed = '[3001234567, 30012345678]'")
        forget(connection, "request", HASHES, ContactFinder(HASHER))
        assert connection.execute(b"select observed from ops.quality_results").fetchall() == [(None,)]
