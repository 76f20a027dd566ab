from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.settings import PROJECT_ROOT, get_settings
from aisle.stages.transform import tasks
from aisle.stages.transform.project import MART_SCHEMAS

MARTS = PROJECT_ROOT / "dbt" / "models" / "marts"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("AISLE_TRANSFORM__RUNS_DIRECTORY", str(tmp_path / "runs"))
    monkeypatch.setattr(tasks, "run_key_of_context", lambda: "20240301T1000")
    monkeypatch.setenv("AISLE_DOCS__DIRECTORY", str(tmp_path / "site"))
    get_settings.cache_clear()
    yield tmp_path / "site"
    get_settings.cache_clear()


def test_build_leaves_a_receipt_of_itself_and_one_of_each_mart(company: Any, site: Path) -> None:
    company.ordered("1", {"product_id": "MUG", "quantity": 2})
    tasks.build.function({"full": False})
    tasks.document.function()
    receipts = company.rows("select subject, rows_out, seconds from ops.receipts where run_key = '20240301T1000'")
    rows = {receipt["subject"]: receipt["rows_out"] for receipt in receipts}
    assert rows.pop("build") is None  # its marts have the rows
    marts = {f"{schema}.{path.stem}" for schema in MART_SCHEMAS for path in MARTS.glob(f"{schema}/*.sql")}
    marts.remove("core.order_items")  # a view: it is read, not written
    assert set(rows) == marts
    empty = {"core.held_back_items", "core.products_bought_together", "core.region_customers", "core.regions"}
    assert {mart for mart, n_rows in rows.items() if n_rows == 0} == empty  # one order of one product, from nowhere
    assert {rows[mart] for mart in marts - empty} == {1}
    assert all(receipt["seconds"] > 0 for receipt in receipts)
    assert (site / "dbt" / "index.html").stat().st_size > 1_000_000


def test_a_build_is_full_when_it_is_asked_for_and_the_log_and_its_receipt_say_why(
    company: Any, site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="aisle")
    company.ordered("1", {"product_id": "MUG"})
    for is_full in (False, True, False):
        tasks.build.function({"full": is_full})
    assert [message for message in caplog.messages if " build, because " in message] == [
        "full build, because there was no build before",
        "full build, because a full build was asked for",
        "incremental build, because 0 of 1 orders have changed",
    ]
    assert company.rows("select details ->> 'because' as because from ops.receipts where subject = 'build'") == [
        {"because": "0 of 1 orders have changed"}
    ]
