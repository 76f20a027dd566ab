"""The cost page: charged or saved, the ledger, its sums, and batch against real time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

Shown = Callable[[str], str]

pytestmark = pytest.mark.usefixtures("on_the_engine")


def test_on_the_engine_the_sum_was_saved(shown: Shown, lived_in: str) -> None:
    page = shown("cost")
    assert "saved: the engine did it $322." in page
    assert "charged by Amazon" not in page


def test_on_amazon_it_is_charged(shown: Shown, lived_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws", "extra": {"region_name": "us-east-1"}}')
    assert "charged by Amazon $322." in shown("cost")


def test_without_a_connection_boto3_calls_amazon(shown: Shown, lived_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    assert "charged by Amazon" in shown("cost")


def test_the_ledger_has_every_job_of_the_day_with_what_it_used(shown: Shown, lived_in: str) -> None:
    page = shown("cost")
    assert re.search(r"ingestion: interactions day-30 42\.0 MB \$0\.0021 saved", page)
    assert re.search(r"batch: users day-30 180,000 lists \$12\.06 saved", page)
    assert re.search(r"training: user-personalization day-29 1\.5000 h \$0\.36 saved", page)
    assert re.search(r"batch: users day-28 180,000 lists \$12\.06 skipped: nothing had changed", page)
    assert f"ingestion: events 40 events 20.0 kB under {chr(36)}0.0001" in page


def test_the_sums_are_those_of_the_ledger(shown: Shown, lived_in: str) -> None:
    """26 of 30 days asked 184,182 lists, 4 trainings of 1.5 hours of 5 were new, four skipped."""
    page = shown("cost")
    batch = 26 * 184_182 / 1000 * 0.067
    assert f"batch inference ${batch:,.2f}" in page
    assert f"spared by skipping ${4 * (184.182 * 0.067 + 0.042 * 0.05):,.2f}" in page


def test_batch_is_compared_with_campaigns_and_the_worse_is_called_so(shown: Shown, lived_in: str) -> None:
    assert "batch costs 1.2 times as much" in shown("cost")
    with psycopg.connect(lived_in) as connection:
        connection.execute("update ops.receipts set rows_in = rows_in / 100 where stage = 'recommend'")
    assert re.search(r"batch costs 98\.\d % less", shown("cost"))


def test_the_page_says_how_far_its_prices_are_to_be_trusted(shown: Shown, warehouse_url: str) -> None:
    assert "not verified : no sum here is a bill" in shown("cost")


def test_a_job_without_a_recorded_quantity_is_reported(shown: Shown, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into ops.receipts (run_key, stage, subject, seconds, details, finished_at) "
            "values ('k', 'train', 'similar-items', 1, '{\"solution_version\": \"arn\"}', %s)",
            [datetime.now(UTC)],
        )
    page = shown("cost")
    assert "1 job of the ledger recorded no quantity and is not in the sums" in page
    assert "not recorded" in page
