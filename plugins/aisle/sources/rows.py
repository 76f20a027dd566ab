"""Rows of a file into orders as the company API would send them, by the columns that the source's file names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from aisle.sources.source import Columns, OrderColumns, Source, named_in
from aisle.sources.tables import Row, Table, fold, unusable

#: Rows of one order may lie this far apart: tills write a time for each row.
_ONE_ORDER = timedelta(days=1)
_ZONE = re.compile(r"\s+([+-]\d{2}):?(\d{2})$", re.ASCII)
_POINT_ZERO = re.compile(r"\d+\.0+", re.ASCII)
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+\d+", re.ASCII)
#: A negative exponent is how programs write a number near zero; a positive one hides digits.
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE]-\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class FileOrder:
    """One order of a file: as the company API would send it, the row of each item, and what is left out and why."""

    order: dict[str, Any]
    rows: list[int]
    left_out: str | None = None
    #: By place in `order["items"]`.
    items_left_out: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileOrders:
    """The orders of a file, and its columns that the source's file does not name."""

    orders: list[FileOrder]
    unknown: list[str]


def orders_of(name: str, table: Table, source: Source) -> FileOrders:
    """Return the orders of a file, each with its rows together. Raises UnusableFile if a column is missing."""
    return _Reader(name, table, source).orders()


def order_of(rows: list[Row], of_items: list[Row], source: Source) -> FileOrder:
    """Return the order that some rows are, and of whose items some are, whatever these say."""
    columns = list(dict.fromkeys(column for row in rows for column in row.cells))
    return _Reader("", Table(columns, rows), source).order_of_items(rows, of_items)


class _Reader:
    def __init__(self, name: str, table: Table, source: Source) -> None:
        self._name, self._table, self._source = name, table, source
        self._columns = cast(OrderColumns, source.columns)
        self._spelt = {fold(column): column for column in table.columns} | {name: name for name in table.columns}
        #: How the file spells the columns that the source names.
        self._spellings: dict[Columns, list[str]] = {}
        self._mapped = set(self._spelling(tuple(named_in(self._columns))))
        self._whole_ids = {names: self._is_whole(names) for names in self._id_columns()}

    def orders(self) -> FileOrders:
        self._check_required()
        return FileOrders(
            [self.order(rows) for rows in self._by_order()],
            [column for column in self._table.columns if not self._source.knows(column)],
        )

    def _check_required(self) -> None:
        columns, item = self._columns, self._columns.item
        required = (columns.order_id, columns.order_date, item.id, item.quantity, (*item.price, *item.paid))
        absent = [" or ".join(names) for names in required if not self._spelling(names)]
        if absent:
            raise unusable(
                self._name,
                f"it has no column {', '.join(absent)}; let its first row be a header, rename the column there, or "
                f"name it in {self._source.file}. It has {self._shown_columns()}",
            )

    def _shown_columns(self) -> str:
        """Return the columns that the source's file knows: without a header, the others are somebody's data."""
        known = [column for column in self._table.columns if self._source.knows(column)]
        n_others = len(self._table.columns) - len(known)
        others = [f"{n_others} other{'' if n_others == 1 else 's'}"] if n_others else []
        return " and ".join(filter(None, [", ".join(known), *others]))

    def _id_columns(self) -> tuple[Columns, ...]:
        return self._columns.order_id, self._columns.customer.id, self._columns.item.id

    def _is_whole(self, names: Columns) -> bool:
        """Tell whether a program has written all ids of a column as numbers with a fraction of zero."""
        given = [text for row in self._table.rows if (text := self._cell(row, names))]
        return bool(given) and all(map(_POINT_ZERO.fullmatch, given))

    # -- cells --------------------------------------------------------------------------------------------------------

    def _spelling(self, names: Columns) -> list[str]:
        """Return the file's columns of these names: spelt exactly so, or else up to case, spaces and signs."""
        if names not in self._spellings:
            spelt = (self._spelt.get(name) or self._spelt.get(fold(name)) for name in names)
            self._spellings[names] = [column for column in spelt if column]
        return self._spellings[names]

    def _cell(self, row: Row, names: Columns) -> str:
        for column in self._spelling(names):
            if text := row.cells.get(column):
                return text
        return ""

    def _first(self, rows: Sequence[Row], names: Columns) -> str | None:
        return next(filter(None, (self._cell(row, names) for row in rows)), None)

    def _id(self, row: Row, names: Columns) -> str | None:
        text = self._cell(row, names)
        return (text.split(".")[0] if self._whole_ids[names] else text) or None

    # -- orders -------------------------------------------------------------------------------------------------------

    def _by_order(self) -> Iterator[list[Row]]:
        """Yield the rows of each order. A row that says nothing of an order continues that of the row before.

        Behind a misshapen row nobody knows which order that was.
        """
        by_order: dict[Any, list[Row]] = {}
        key: Any = None
        of_order = tuple(named_in((name, value) for name, value in self._columns if name != "item"))
        for row in self._table.rows:
            order_id = self._id(row, self._columns.order_id)
            if row.problem:
                by_order[(row.number,)], key = [row], None
                continue
            if order_id or key is None or self._cell(row, of_order):
                key = order_id or (row.number,)
            by_order.setdefault(key, []).append(row)
        yield from by_order.values()

    def order(self, rows: list[Row]) -> FileOrder:
        if rows[0].problem:
            order = {"order_id": None, "items": [], "unmapped": [rows[0].cells]}
            return FileOrder(order, [rows[0].number], "misshapen_row")
        return self.order_of_items(rows, [row for row in rows if self._says_an_item(row)])

    def order_of_items(self, rows: list[Row], of_items: list[Row]) -> FileOrder:
        columns, customer = self._columns, self._columns.customer
        order: dict[str, Any] = {
            "order_id": self._id(rows[0], columns.order_id),
            "order_date": self._earliest(rows),
            "status": self._status(rows),
            "customer": {
                "id": next(filter(None, (self._id(row, customer.id) for row in rows)), None),
                **{name: self._first(rows, getattr(customer, name)) for name in ("name", "phone", "email", "address")},
            },
            **{
                name: self._first(rows, getattr(columns, name))
                for name in ("city", "province", "payment_mode", "brand", "currency")
            },
            "total": _as_number(self._first(rows, columns.total)),
            "items": [self._item(row) for row in of_items],
            "unmapped": [self._unmapped(row) for row in rows],
        }
        if updated_at := self._first(rows, columns.updated_at):
            order["updated_at"] = self._time(updated_at)
        numbers = [row.number for row in (of_items or rows)]
        places = {place: reason for place, row in enumerate(of_items) if (reason := self._item_left_out(row))}
        return FileOrder(order, numbers, self._left_out(rows), places)

    def _unmapped(self, row: Row) -> dict[str, str]:
        return {column: text for column, text in row.cells.items() if column not in self._mapped}

    def _status(self, rows: list[Row]) -> str:
        if any(
            condition.holds(self._cell(row, (condition.column,)))
            for condition in self._source.cancelled
            for row in rows
        ):
            return self._source.word_for("cancelled")
        if not self._columns.status:
            return self._source.word_for("completed")
        return self._first(rows, self._columns.status) or ""

    def _left_out(self, rows: list[Row]) -> str | None:
        """Return why an order is none: a condition of the source, rounded digits, rows that contradict each other."""
        for condition in self._source.left_out:
            if condition.what == "order" and any(condition.holds(self._cell(row, (condition.column,))) for row in rows):
                return condition.reason
        if _ROUNDED.fullmatch(self._id(rows[0], self._columns.order_id) or ""):
            return "rounded_id"
        return "contradicting_rows" if self._contradict(rows) else None

    def _contradict(self, rows: list[Row]) -> bool:
        columns, customer = self._columns, self._columns.customer
        marks = (columns.status, columns.currency, customer.id, customer.phone, customer.email)
        says_two = any(len({fold(text) for row in rows if (text := self._cell(row, names))}) > 1 for names in marks)
        moments = self._moments(rows)
        return says_two or (len(moments) > 1 and max(moments) - min(moments) > _ONE_ORDER)

    # -- times --------------------------------------------------------------------------------------------------------

    def _earliest(self, rows: list[Row]) -> str | None:
        moments = self._moments(rows)
        first = self._first(rows, self._columns.order_date)
        if not moments:
            return first
        return min((self._time(self._cell(row, self._columns.order_date)) for row in rows), key=self._moment_or_last)

    def _moments(self, rows: list[Row]) -> list[datetime]:
        texts = (self._cell(row, self._columns.order_date) for row in rows)
        return [moment for text in texts if (moment := self._moment(text))]

    def _moment_or_last(self, text: str) -> datetime:
        return self._moment(text) or datetime.max.replace(tzinfo=UTC)

    def _moment(self, text: str) -> datetime | None:
        """Return a time to compare with others, UTC where it has no zone."""
        try:
            moment = datetime.fromisoformat(self._time(text))
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _time(self, text: str) -> str:
        """Return a time as ISO 8601; as it is if the source does not write times so."""
        written = _ZONE.sub(r"\1:\2", text.strip())
        try:
            return datetime.fromisoformat(written).isoformat()
        except ValueError:
            pass
        for form in self._source.time_formats:
            try:
                return datetime.strptime(text.strip(), form).isoformat()  # noqa: DTZ007 - its zone is the source's
            except ValueError:
                continue
        return text

    # -- items --------------------------------------------------------------------------------------------------------

    def _says_an_item(self, row: Row) -> bool:
        item = self._columns.item
        return bool(self._cell(row, (*item.id, *item.title, *item.quantity)))

    def _item(self, row: Row) -> dict[str, Any]:
        item = self._columns.item
        quantity = self._number(row, item.quantity)
        kept = quantity
        if quantity is not None and (returned := self._number(row, item.returned)):
            kept = quantity - abs(returned)
        return {
            "id": self._id(row, item.id),
            **{name: self._cell(row, getattr(item, name)) or None for name in ("title", "category", "brand")},
            "quantity": kept,
            "price": self._price(row, quantity),
            "base_price": self._base_price(row, quantity),
        }

    def _price(self, row: Row, quantity: float | None) -> float | None:
        item = self._columns.item
        price, paid = self._number(row, item.price), self._number(row, item.paid)
        if price is None:
            return round(paid / quantity, 4) if paid is not None and quantity else None
        discount = self._number(row, item.discount) or 0.0
        return round(price - discount / quantity, 4) if discount and quantity else price

    def _base_price(self, row: Row, quantity: float | None) -> float | None:
        item = self._columns.item
        base, paid = self._number(row, item.base_price), self._number(row, item.base_paid)
        return round(paid / quantity, 4) if base is None and paid is not None and quantity else base

    def _number(self, row: Row, names: Columns) -> float | None:
        text = self._cell(row, names)
        return float(text) if _NUMBER.fullmatch(text) else None

    def _item_left_out(self, row: Row) -> str | None:
        for condition in self._source.left_out:
            if condition.what == "item" and condition.holds(self._cell(row, (condition.column,))):
                return condition.reason
        item = self._columns.item
        prices = item.price, item.base_price, item.paid, item.base_paid, item.discount
        cells = (self._cell(row, names) for names in (item.quantity, item.returned, *prices))
        if not all(_NUMBER.fullmatch(text) for text in cells if text):
            return "no_number"
        if _ROUNDED.fullmatch(self._id(row, item.id) or ""):
            return "rounded_id"
        quantity, returned = self._number(row, item.quantity), self._number(row, item.returned)
        return "returned" if quantity and returned and quantity <= abs(returned) else None


def _as_number(text: str | None) -> float | str | None:
    """Return a plain number, or the text as it is."""
    return float(text) if text and _NUMBER.fullmatch(text) else text
