"""Currency: amounts of an order in the warehouse's currency, by a dated table of rates. Amounts are never mixed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

import msgspec
from psycopg import Connection

from aisle.contracts.company_orders import Item, Order
from aisle.contracts.limits import LARGEST_NUMBER
from aisle.orders.reader import Refusal
from aisle.sources import Source
from aisle.sources.tables import Row, Table, fold, unusable
from aisle.warehouse import sql

_COLUMNS = ("currency", "valid_from", "rate")
_LONGEST_CODE = 12
_CODE = re.compile(r"[A-Z]{3}")
#: The column keeps ten digits behind the point: of a smaller rate too few would be left to convert by.
_SMALLEST_RATE, _LARGEST_RATE = Decimal("0.000001"), Decimal(10**9)


class Rates:
    """What one unit of a currency is worth in the warehouse's own, from which day on."""

    def __init__(self, own: str, rates: Iterable[tuple[str, date, Decimal]] = ()) -> None:
        self._own = own
        self._rates: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
        for currency, valid_from, rate in sorted(rates):
            self._rates[currency].append((valid_from, rate))

    @classmethod
    def read(cls, connection: Connection, own: str) -> Rates:
        """Read the table of rates."""
        return cls(own, connection.execute(sql("raw/exchange_rates/list").encode()).fetchall())

    def converted(self, order: Order, source: Source) -> Order | Refusal:
        """Return the order with its amounts in the warehouse's currency, or why it has no such amounts."""
        currency = ((order.currency or "").strip() or source.currency).upper()
        unit = Decimal(1).scaleb(-source.minor_digits)
        if currency in ("", self._own):
            return order if unit == 1 else _multiplied(order, unit)
        known = self._rates.get(currency, [])
        place = bisect_right(known, order.order_date.date(), key=lambda dated: dated[0])
        if not place:
            return Refusal(
                "unknown_exchange_rate",
                f"`$.currency` is {currency[:_LONGEST_CODE]!r} and not {self._own}, and no rate of it holds on "
                f"{order.order_date.date()}; drop a table of exchange rates, or set AISLE_INGEST__CURRENCY",
            )
        return _multiplied(order, known[place - 1][1] * unit)


def rates_of(name: str, table: Table) -> list[tuple[str, date, Decimal]]:
    """Return the rates of a file. Raises UnusableFile that names the row, because half a table would mislead."""
    spelt = {fold(column): column for column in table.columns}
    absent = [column for column in _COLUMNS if fold(column) not in spelt]
    if absent:
        raise unusable(name, f"it has no column {', '.join(absent)}; give {', '.join(_COLUMNS)}")
    return [_rate(name, row, [row.cells.get(spelt[fold(column)], "") for column in _COLUMNS]) for row in table.rows]


def _rate(name: str, row: Row, cells: list[str]) -> tuple[str, date, Decimal]:
    currency, valid_from, rate = cells
    try:
        dated = currency.upper(), date.fromisoformat(valid_from[:10]), Decimal(rate)
    except (ValueError, InvalidOperation):
        dated = "", date.min, Decimal(0)
    if not (_CODE.fullmatch(dated[0]) and dated[2].is_finite() and _SMALLEST_RATE <= dated[2] < _LARGEST_RATE):
        raise unusable(
            name,
            f"row {row.number} is no rate; write it like EUR, 2026-01-31, 305.25, a number from {_SMALLEST_RATE} "
            f"to below {_LARGEST_RATE:,}",
        )
    return dated


def _multiplied(order: Order, factor: Decimal) -> Order | Refusal:
    total = _amount(order.total, factor, digits=2)
    if total is not None and abs(total) > LARGEST_NUMBER:
        return Refusal(
            "number_out_of_range", f"`$.total` is {total} when converted; up to {LARGEST_NUMBER} is possible"
        )
    return msgspec.structs.replace(order, items=[_item(item, factor) for item in order.items], total=total)


def _item(item: Item, factor: Decimal) -> Item:
    price, base_price = (_amount(amount, factor, digits=4) for amount in (item.price, item.base_price))
    return msgspec.structs.replace(item, price=price, base_price=base_price)


def _amount(amount: float | None, factor: Decimal, *, digits: int) -> float | None:
    """Return an amount converted; one that would be rounded to nothing, with all digits: it is rejected for that."""
    if amount is None:
        return None
    converted = float(Decimal(str(amount)) * factor)
    return round(converted, digits) or converted
