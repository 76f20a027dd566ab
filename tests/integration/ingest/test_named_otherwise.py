"""An endpoint with a company's own names, words and units is a file, and its orders arrive like any others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.orders.windows import Window
from aisle.settings import get_settings
from aisle.sources import api_sources, read_sources
from tests.integration.ingest.ingest import Ingest
from tests.integration.ingest.scripted_company import START, ScriptedCompany, scripted_company
from tests.integration.ingest.test_ingest_redaction import HASHER, archived

TILL = """
title = "tills of the north"
endpoint = "/verkauf"
time_zone = "Europe/Berlin"
time_formats = ["%d.%m.%Y %H:%M"]
minor_digits = 2
ignored = ["kasse"]

[statuses]
completed = ["bezahlt"]
cancelled = ["storniert"]

[columns]
order_id = "beleg"
order_date = "zeit"
status = "zustand"
city = "filiale.ort"

[columns.customer]
id = "kunde.nummer"
phone = "kunde.telefon"

[columns.item]
id = "posten.artikel"
title = "posten.text"
quantity = "posten.menge"
price = "posten.preis"

[[left_out]]
what = "order"
reason = "training"
column = "modus"
is = "schulung"
"""


def receipt(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "beleg": number,
        "zeit": f"01.01.2026 {number + 2:02d}:30",
        "zustand": "bezahlt",
        "kasse": 3,
        "filiale": {"ort": "Lahore"},
        "kunde": {"nummer": f"k{number}", "telefon": f"0300-123456{number}"},
        "posten": [
            {"artikel": "TEE", "text": "Green tea", "menge": 2, "preis": 1050},
            {"artikel": "TASSE", "text": "Cup", "menge": 1, "preis": 399},
        ],
        **changes,
    }


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedCompany]:
    """A company whose one endpoint is described by a file of the test's own."""
    (tmp_path / "till.toml").write_text(TILL)
    monkeypatch.setenv("AISLE_INGEST__SOURCES_FOLDER", str(tmp_path))
    get_settings.cache_clear()
    with scripted_company() as scripted:
        assert [source.path for source in api_sources()] == ["/verkauf"]
        yield scripted


@pytest.fixture
def till(company: ScriptedCompany, ingest: Ingest) -> Any:
    """Send receipts, and pull them."""

    def sell(*receipts: dict[str, Any]) -> Ingest:
        company.orders["/verkauf"] = list(receipts)
        ingest.pull([Window(START, START + timedelta(days=1))], "scheduled", "run", "till")
        return ingest

    return sell


def test_orders_in_a_companys_own_names_words_and_units_arrive(till: Any) -> None:
    odd = receipt(3, zustand="offen"), receipt(4, modus="Schulung")
    ingest = till(receipt(1), receipt(2, zustand="storniert"), *odd)
    moment = "to_char(ordered_at at time zone 'utc', 'HH24:MI')"
    assert ingest.rows(f"select order_id, status, city, {moment} from raw.company__orders order by 1") == [
        ("1", "completed", "Lahore", "02:30"), ("2", "cancelled", "Lahore", "03:30"),
    ]  # fmt: skip
    items = ingest.rows(
        "select product_id, product_name, quantity::float, unit_price::float from raw.company__order_items"
        " where order_id = '1' order by line_number"
    )
    assert items == [("TEE", "Green tea", 2.0, 10.5), ("TASSE", "Cup", 1.0, 3.99)]
    assert ingest.rows("select order_number, reason from raw.company__rejects order by 1") == [
        ("3", "unknown_status"), ("4", "training"),
    ]  # fmt: skip
    assert ingest.items_accounted_for() == 8


def test_fields_that_its_file_does_not_name_are_reported_by_their_path(till: Any) -> None:
    ingest = till(receipt(1, kunde={"nummer": "k1", "geburtstag": "2000-01-01"}), receipt(2))
    report = ingest.rows("select kind, name, n_orders from ops.source_drift_report")
    assert report == [("unknown field", "kunde.geburtstag", 1)]


def test_its_archive_has_what_came_and_nobody_who_was_erased(till: Any, warehouse_url: str) -> None:
    hashes = HASHER.hashes("till", Customer(id="k2")).known
    with psycopg.connect(warehouse_url) as connection:
        statement = "insert into identity.erasures select identity.user_hash(h), now() from unnest(%s::text[]) as h"
        connection.execute(statement.encode(), (hashes,))
    ingest = till(receipt(1), receipt(2))
    first, second = json.loads(archived(ingest))["data"]
    assert first["unmapped"] == [receipt(1)]
    assert "k2" not in json.dumps(second)
    assert ingest.rows("select order_id from raw.company__orders where user_id is null") == [("2",)]


def test_the_file_of_the_test_is_one_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "till.toml").write_text(TILL)
    assert [source.items_member for source in read_sources(tmp_path)] == ["posten"]


@pytest.mark.parametrize("part", [None, 5, "TEE", {}, [], {"preis": 100}, {"text": ""}, {"artikel": {"nr": 1}}])
def test_whatever_stands_in_the_list_of_items_is_an_item_or_a_reject(till: Any, part: Any) -> None:
    ingest = till(receipt(1, posten=[*receipt(1)["posten"], part]), receipt(2))
    assert ingest.rows("select order_number, line_number, reason from raw.company__rejects") == [
        ("1", 3, "missing_product_id")
    ]
    assert ingest.items_accounted_for() == 5


@pytest.mark.parametrize("items", [None, {"artikel": "TEE", "menge": 1, "preis": 100}, "TEE", 7])
def test_items_that_are_no_list_cost_their_order(till: Any, items: Any) -> None:
    ingest = till(receipt(1, posten=items), receipt(2, posten=[]))
    assert ingest.rows("select order_number, reason from raw.company__rejects") == [("1", "malformed_order")]
    assert ingest.rows("select order_id from raw.company__orders") == [("2",)]
