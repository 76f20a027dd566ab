from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisle.errors import CompanyApiUnavailable


def test_a_server_that_caps_pages_silently_gives_everything_in_either_shape(simulate: Any, ingest_from: Any) -> None:
    for shape in ("envelope", "list"):
        with simulate(scale="tiny", page_cap=100, shape=shape) as company:
            ingest = ingest_from(company)
            ingest.pull_all(shape)
            assert ingest.items_accounted_for() == company.health()["order_lines"]


def test_a_run_through_all_faults_of_the_company_ends_whole(simulate: Any, ingest_from: Any) -> None:
    with simulate(scale="tiny", page_cap=50) as company:
        ingest = ingest_from(company)
        company.arm(
            {"kind": "throttle", "retry_after_seconds": 0},
            {"kind": "error", "after": 2},
            {"kind": "cut_off", "after": 4},
            {"kind": "duplicate_page", "after": 6, "repeats": "this"},
            {"kind": "duplicate_page", "after": 8, "repeats": "previous"},
            {"kind": "late_edit", "after": 10},
            {"kind": "cancel", "after": 12},
            {"kind": "malformed_order", "after": 14, "breaks": "price"},
            {"kind": "malformed_order", "after": 16, "breaks": "order_id"},
        )
        ingest.pull_all("faulty")
        assert ingest.items_accounted_for() == company.health()["order_lines"]
        assert {fault["struck"] for fault in company.http.get("/faults").json()} == {1}
        company.arm()
        ingest.pull_all("clean")
        assert ingest.items_accounted_for() == company.health()["order_lines"]
        assert len(ingest.order_ids()) == company.health()["orders"]


def test_a_run_through_answers_that_are_not_whole_ends_whole(simulate: Any, ingest_from: Any) -> None:
    with simulate(scale="tiny", page_cap=50) as company:
        ingest = ingest_from(company)
        company.arm(
            {"kind": "claim", "members": {"errors": [{"message": "till 7 does not answer"}]}},
            {"kind": "claim", "after": 2, "members": {"total": 1_000_000}},
            {"kind": "overlap", "after": 4},
            {"kind": "malformed_order", "after": 22, "breaks": "title"},
        )
        ingest.pull_all("faulty")
        assert {fault["struck"] for fault in company.http.get("/faults").json()} == {1}
        assert ingest.rows("select count(*) from raw.company__rejects where reason = 'malformed_order'") == [(1,)]
        assert ingest.items_accounted_for() == company.health()["order_lines"]
        company.arm()
        ingest.pull_all("clean")
        assert len(ingest.order_ids()) == company.health()["orders"]
        assert ingest.rows("select count(*) from ops.vanished_orders") == [(0,)]


@pytest.mark.parametrize("declares", ["sent", "whole"])
def test_an_api_that_fails_during_ingest_leaves_no_doubled_and_no_missing_order(
    simulate: Any, ingest_from: Any, declares: str
) -> None:
    with simulate(scale="tiny", page_cap=100) as company:
        ingest = ingest_from(company)
        company.arm({"kind": "cut_off", "after": 3, "times": 3, "declares": declares})
        with pytest.raises(CompanyApiUnavailable):
            ingest.pull_all("outage")
        ingest.pull_all("outage")
        assert len(ingest.order_ids()) == company.health()["orders"]
        assert ingest.items_accounted_for() == company.health()["order_lines"]


def test_every_row_of_a_real_shop_is_accounted_for(
    simulate: Any, ingest_from: Any, datasets: Path, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

    rows = pq.read_table(datasets / "online_retail" / "online_retail_two_years.parquet").slice(0, 50_000)
    pq.write_table(rows, tmp_path / "orders.parquet")
    with simulate(orders=tmp_path / "orders.parquet") as company:
        ingest = ingest_from(company)
        ingest.pull_all("real")
    assert ingest.items_accounted_for() == 50_000
    reasons = dict(ingest.rows("select reason, sum(n_lines)::int from raw.company__rejects group by reason"))
    assert reasons.keys() <= {"negative_quantity", "negative_price", "zero_quantity", "missing_price"}
    assert reasons["negative_quantity"] > 0
    assert ingest.rows("select sum(merged_lines) > 0 from raw.company__order_items") == [(True,)]
    spelt = "select sum((product_id <> product_key)::int) > 0, bool_and(product_key = upper(product_id)) from raw.{}"
    assert ingest.rows(spelt.format("company__order_items")) == [(True, True)]
