"""The raw gate over real pulls: a source that changes its words or its types is reported, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisle.errors import GateStopped
from aisle.quality.gate import check_boundary


def stopped(url: str, run_key: str, site: Path) -> str:
    with pytest.raises(GateStopped) as stop:
        check_boundary("raw", url, run_key, site)
    return str(stop.value)


def noted(url: str, run_key: str, site: Path) -> dict[str, str]:
    """What the gate notes, with the rows that it found."""
    result = check_boundary("raw", url, run_key, site)
    return {
        check.check: "; ".join(check.observed.get("partial_unexpected_list", [])) for check in result.failed("note")
    }


def edit(company: Any, numbers: range, **changes: Any) -> None:
    """Orders come again in a newer version."""
    for number in numbers:
        company.edit(number, **changes)


def test_good_orders_that_come_again_with_an_unknown_status_stop_the_gate_and_stay_in_raw(
    ingest: Any, company: Any, tmp_path: Path
) -> None:
    company.sell(100)
    ingest.run(300)
    check_boundary("raw", ingest.url, "first", tmp_path)
    edit(company, range(60), status="Fulfilled")
    ingest.run(300, "again", overlap_hours=1000)
    message = stopped(ingest.url, "second", tmp_path)
    assert "source pos, reason unknown_status, orders 60, order items 120, share 0.6" in message
    assert len(ingest.order_ids()) == 100


def test_a_new_status_word_is_named_on_the_day_it_comes(ingest: Any, company: Any, tmp_path: Path) -> None:
    company.sell(100)
    ingest.run(300)
    check_boundary("raw", ingest.url, "first", tmp_path)
    edit(company, range(2), status="fulfilled")
    ingest.run(300, "again", overlap_hours=1000)
    assert (
        "source pos, status fulfilled, orders refused 2"
        in noted(ingest.url, "second", tmp_path)["status_words_are_mapped"]
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"items": "two pieces of tea"}, id="items became a text"),
        pytest.param({"order_date": "last Tuesday"}, id="moments became words"),
        pytest.param({"status": None}, id="status became null"),
    ],
)
def test_a_source_that_is_refused_whole_from_its_first_day_stops_the_gate(
    ingest: Any, company: Any, tmp_path: Path, changes: dict[str, Any]
) -> None:
    company.sell(100)
    edit(company, range(100), **changes)
    ingest.run(300)
    message = stopped(ingest.url, "first", tmp_path)
    assert "source pos, reason any reason, orders 100" in message


def test_orders_that_are_repaired_by_a_backfill_let_the_gate_pass(ingest: Any, company: Any, tmp_path: Path) -> None:
    company.sell(100)
    edit(company, range(60), status="fulfilled")
    ingest.run(300)
    stopped(ingest.url, "first", tmp_path)
    edit(company, range(60), updated_at="2026-03-01T00:00:00Z")
    ingest.run(300, "again", overlap_hours=1000)
    assert "refusals_are_rare" not in noted(ingest.url, "second", tmp_path)
