"""A field that nobody knows, one that vanished and a word that nobody knows are in the drift report."""

from __future__ import annotations

from typing import Any

from aisle.warehouse import sql
from tests.integration.ingest.ingest import Ingest
from tests.integration.ingest.scripted_company import ScriptedCompany, order_of

REPORT = "select kind, name, n_orders, first_example from ops.source_drift_report where source = 'pos' order by 1, 2"


def test_s2_27_a_field_that_nobody_knows_is_reported_with_its_count_and_shape_and_without_its_value(
    ingest: Ingest, company: ScriptedCompany
) -> None:
    company.pos[:] = [order_of(number, loyalty="gold") for number in range(3)]
    company.pos[1]["items"][0]["shelf"] = {"row": 7}
    company.pos[2]["customer"]["whatsapp"] = "0300-7654321"
    ingest.run(3)
    assert ingest.rows(REPORT) == [
        ("unknown field", "customer.whatsapp", 1, "text of 12 characters"),
        ("unknown field", "items.shelf", 1, "object"),
        ("unknown field", "loyalty", 3, "text of 4 characters"),
    ]
    assert ingest.rows("select count(*) from raw.company__orders") == [(3,)]


def test_s2_27_a_field_that_vanished_is_reported_until_it_comes_again(ingest: Ingest, company: ScriptedCompany) -> None:
    def sell(first: int, **changes: Any) -> None:
        company.pos[:] = [order_of(number, **changes) for number in range(first, first + 100)]
        ingest.backfill(first, first + 100)

    sell(0)
    sell(100, province=None)
    assert ingest.rows(REPORT) == [("vanished field", "province", 100, "text of 6 characters")]
    sell(200)
    assert ingest.rows(REPORT) == []


def test_a_field_that_is_rare_does_not_vanish(ingest: Ingest, company: ScriptedCompany) -> None:
    company.pos[:] = [order_of(number, payment_mode="cash" if number == 3 else None) for number in range(250)]
    ingest.run(250)
    assert ingest.rows(REPORT) == []


def test_s2_27_a_word_that_nobody_knows_is_reported(ingest: Ingest, company: ScriptedCompany) -> None:
    company.pos[:] = [order_of(0, status="parked"), order_of(1, status="Parked")]
    ingest.run(2)
    ingest.execute(sql("ops/status_words/refresh"))
    assert ingest.rows(REPORT) == [("unknown status", "parked", 2, "text of 6 characters")]
