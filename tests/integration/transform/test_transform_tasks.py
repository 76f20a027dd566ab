from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.settings import PROJECT_ROOT, get_settings
from aisle.stages.transform import tasks

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
    tasks.build.function()
    tasks.document.function()
    receipts = company.rows("select subject, rows_out, seconds from ops.receipts where run_key = '20240301T1000'")
    rows = {receipt["subject"]: receipt["rows_out"] for receipt in receipts}
    assert rows.pop("build") is None  # its marts have the rows
    marts = {f"{path.parent.name}.{path.stem}" for path in MARTS.glob("*/*.sql")}
    assert set(rows) == marts
    empty = {"core.held_back_items", "core.products_bought_together", "core.region_customers", "core.regions"}
    assert {mart for mart, n_rows in rows.items() if n_rows == 0} == empty  # one order of one product, from nowhere
    assert {rows[mart] for mart in marts - empty} == {1}
    assert all(receipt["seconds"] > 0 for receipt in receipts)
    assert (site / "dbt" / "index.html").stat().st_size > 1_000_000
