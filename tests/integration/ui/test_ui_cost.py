"""The cost page: charged or saved, the ledger, its sums, and batch against real time."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.contracts.prices import PRICE_LIST
from aisle.settings import get_settings

Shown = Callable[[str], str]


@pytest.fixture
def verified_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The price list that comes with Aisle, after somebody has compared it with a bill."""
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICE_LIST.read_text().replace("verified = false", "verified = true"))
    monkeypatch.setenv("AISLE_COST__PRICE_LIST", str(prices))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


pytestmark = pytest.mark.usefixtures("on_the_engine")


@pytest.mark.usefixtures("verified_prices")
def test_on_the_engine_the_sum_was_saved(shown: Shown, lived_in: str) -> None:
    page = shown("cost")
    assert "saved: the engine did it $322." in page
    assert "charged by Amazon" not in page


@pytest.mark.usefixtures("verified_prices")
def test_on_amazon_it_is_charged(shown: Shown, lived_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws", "extra": {"region_name": "us-east-1"}}')
    assert "charged by Amazon $322." in shown("cost")


@pytest.mark.usefixtures("verified_prices")
def test_without_a_connection_boto3_calls_amazon(shown: Shown, lived_in: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    assert "charged by Amazon" in shown("cost")


@pytest.mark.usefixtures("verified_prices")
def test_the_ledger_has_every_job_of_the_day_with_what_it_used(shown: Shown, lived_in: str) -> None:
    page = shown("cost")
    assert re.search(r"ingestion: interactions day-30 42\.0 MB \$0\.0021 saved", page)
    assert re.search(r"batch: users day-30 180,000 lists \$12\.06 saved", page)
    assert re.search(r"training: user-personalization day-29 1\.5000 h \$0\.36 saved", page)
    assert re.search(r"batch: users day-28 180,000 lists \$12\.06 skipped: nothing changed", page)
    assert f"ingestion: events 40 events 20.0 kB under {chr(36)}0.0001" in page


def test_the_sums_are_those_of_the_ledger(shown: Shown, lived_in: str) -> None:
    """26 of 30 days asked 184,182 lists, 4 trainings of 1.5 hours of 5 were new, four skipped."""
    page = shown("cost")
    batch = 26 * 184_182 / 1000 * 0.067
    assert f"batch inference ${batch:,.2f}" in page
    assert f"avoided by skipping ${4 * (184.182 * 0.067 + 0.042 * 0.05):,.2f}" in page


@pytest.mark.usefixtures("verified_prices")
def test_batch_is_compared_with_campaigns_and_the_worse_is_called_so(shown: Shown, lived_in: str) -> None:
    assert "batch costs 1.2 times as much" in shown("cost")
    with psycopg.connect(lived_in) as connection:
        connection.execute("update ops.receipts set rows_in = rows_in / 100 where stage = 'recommend'")
    assert re.search(r"batch costs 98\.\d % less", shown("cost"))


def test_the_page_says_how_far_its_prices_are_to_be_trusted(shown: Shown, warehouse_url: str) -> None:
    assert "not verified : the sums are estimates, not a bill" in shown("cost")


def test_unverified_prices_claim_no_saving_no_charge_and_no_winner(
    reader: Any, shown: Shown, lived_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shown("cost")
    assert "estimate of what Amazon would charge $322." in page
    assert re.search(r"batch: users day-30 180,000 lists \$12\.06 estimated", page)
    assert "No conclusion: the prices are not verified." in page
    for claim in ("saved", "charged by Amazon", "batch costs"):
        assert claim not in page
    assert "status good" not in reader.get("/cost").text
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    assert "estimate of Amazon's charge" in html.unescape(shown("cost"))


def test_a_job_without_a_recorded_quantity_is_reported(shown: Shown, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into ops.receipts (run_key, stage, subject, seconds, details, finished_at) "
            "values ('k', 'train', 'similar-items', 1, '{\"solution_version\": \"arn\"}', %s)",
            [datetime.now(UTC)],
        )
    page = shown("cost")
    assert "1 job in the ledger recorded no quantity and is not in the sums" in page
    assert "not recorded" in page
