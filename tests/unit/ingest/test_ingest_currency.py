"""Amounts reach the warehouse in one currency, or their order is rejected."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from aisle.identity.hashing import PersonHasher
from aisle.orders.currency import Rates, rates_of
from aisle.orders.landing import LandedOrder, Lander
from aisle.settings import Identity
from aisle.sources import Source, source_named
from aisle.sources.tables import UnusableFile, read_table

RATES = Rates(
    "PKR",
    [
        ("EUR", date(2026, 1, 1), Decimal("300")),
        ("EUR", date(2026, 2, 1), Decimal("310.5")),
        ("JPY", date(2026, 1, 15), Decimal("1.9")),
    ],
)
ITEM = {"id": "a", "quantity": 2, "price": 10.0, "base_price": 12.5}


def land(day: str = "2026-01-10", source: dict[str, Any] | None = None, **changes: Any) -> LandedOrder:
    order = {"order_id": "1", "order_date": f"{day}T10:00:00Z", "status": "completed", "total": 20, "items": [ITEM]}
    described = Source(**{**source_named("pos").model_dump(), **(source or {})})
    lander = Lander(described, PersonHasher(Identity(hash_key="a key")), rates=RATES)  # type: ignore[arg-type]
    return lander.land(msgspec.Raw(json.dumps({**order, **changes}).encode()), "key")


def amounts(landed: LandedOrder) -> tuple[float | None, float, float | None]:
    (item,) = landed.items
    return landed.order.total_amount, item.unit_price, item.base_price


@pytest.mark.parametrize("currency", [None, "", "PKR", " pkr "])
def test_amounts_in_the_warehouses_currency_stay_as_they_are(currency: str | None) -> None:
    assert amounts(land(currency=currency)) == (20.0, 10.0, 12.5)


@pytest.mark.parametrize(
    ("day", "currency", "paid"),
    [
        ("2026-01-01", "EUR", 3000.0),
        ("2026-01-31", "eur", 3000.0),
        ("2026-02-01", "EUR", 3105.0),
        ("2026-02-20", "EUR", 3105.0),
        ("2026-01-20", "JPY", 19.0),
    ],
)
def test_amounts_in_another_currency_are_converted_by_the_rate_of_the_day(day: str, currency: str, paid: float) -> None:
    total, price, base_price = amounts(land(day, currency=currency))
    assert (total, price) == (2 * paid, paid)
    assert base_price == pytest.approx(1.25 * paid)


@pytest.mark.parametrize(
    ("day", "currency"), [("2025-12-31", "EUR"), ("2026-01-10", "JPY"), ("2026-01-10", "USD"), ("2026-01-10", "₨")]
)
def test_an_order_without_a_rate_is_rejected_and_never_summed(day: str, currency: str) -> None:
    landed = land(day, currency=currency)
    (reject,) = landed.rejects
    assert (landed.items, reject.reason) == ([], "unknown_exchange_rate")
    assert "AISLE_INGEST__CURRENCY" in reject.detail
    assert day in reject.detail


def test_a_source_may_say_its_currency_and_count_in_cents() -> None:
    assert amounts(land(source={"currency": "EUR", "minor_digits": 2}))[1] == 30.0
    assert amounts(land(source={"minor_digits": 2}))[:2] == (0.2, 0.1)
    assert amounts(land(source={"currency": "EUR"}, currency="PKR"))[1] == 10.0


def test_what_no_column_holds_when_it_is_converted_is_rejected() -> None:
    assert [reject.reason for reject in land(currency="EUR", total=9e9).rejects] == ["number_out_of_range"]
    dear = land(currency="EUR", items=[{**ITEM, "price": 9e9}])
    assert [reject.reason for reject in dear.rejects] == ["number_out_of_range"]


def test_a_table_of_rates_is_read_whole() -> None:
    table = read_table("r.csv", b"Currency;Valid from;Rate\neur;2026-01-01;300\nUSD;2026-01-02T00:00:00;280.25\n")
    assert rates_of("r.csv", table) == [
        ("EUR", date(2026, 1, 1), Decimal("300")), ("USD", date(2026, 1, 2), Decimal("280.25")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [
        "EUR,2026-01-01,0",
        "EUR,2026-01-01,-3",
        "EUR,2026-01-01,NaN",
        "EURO,2026-01-01,3",
        "EUR,soon,3",
        "EUR,,3",
        "EUR,2026-01-01,three",
        "EUR,2026-01-01,1e-11",
        "EUR,2026-01-01,0.00000000004",
        "EUR,2026-01-01,0.0000001",
        "EUR,2026-01-01,1000000000",
    ],
)
def test_a_row_that_is_no_rate_refuses_the_table_and_is_named(row: str) -> None:
    table = read_table("r.csv", f"currency,valid_from,rate\nUSD,2026-01-01,280\n{row}\n".encode())
    with pytest.raises(UnusableFile, match=r"r\.csv: row 3 is no rate"):
        rates_of("r.csv", table)


def test_a_table_without_a_column_is_refused() -> None:
    with pytest.raises(UnusableFile, match="no column rate"):
        rates_of("r.csv", read_table("r.csv", b"currency,valid_from\nEUR,2026-01-01\n"))


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
def test_a_blank_currency_is_that_of_the_source(blank: str) -> None:
    assert amounts(land(source={"currency": "EUR"}, currency=blank))[1] == 3000.0


@pytest.mark.parametrize("price", [0.00002, 0.00001, 0.000026])
def test_a_price_that_vanishes_when_it_is_converted_is_rejected_and_never_free(price: float) -> None:
    landed = land("2026-01-20", currency="JPY", items=[ITEM, {**ITEM, "price": price}])
    assert [item.unit_price for item in landed.items] == [19.0]
    assert [reject.reason for reject in landed.rejects] == ["price_below_precision"]
