"""Real orders from a CSV or parquet file, as dirty as they are: nothing is cleaned or merged.

Two sets of columns are known: the public Online Retail data set's, and Aisle's own order items. Every row of the file
becomes one item of one order, in file order, so the items of all orders add up to the file's rows. What cannot be
served at all (a time that is none, a row without an order) is left out, counted, and reported by its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from aisle.contracts.company_orders import CANCELLED, COMPLETED, Customer
from aisle.contracts.limits import CLOCK_TOLERANCE, EARLIEST_MOMENT, SMALLEST_PRICE
from services.company_api.order_book import SOURCES, Array, Coded, Company, ItemColumns, OrderColumns, Product, shelve
from services.company_api.order_cells import BadColumn, Fault, ids, moments, numbers, texts
from services.company_api.order_table import OrderTable, read_table, unusable

if TYPE_CHECKING:
    import pyarrow as pa

_PRODUCT = ("product_id", "product_name", "category", "brand")
_CUSTOMER = ("customer_ref", "customer_name", "customer_phone", "customer_email")
_IDS = frozenset({"order_id", "product_id", "customer_ref"})
#: Rows of one order may lie this far apart: tills write a time for each row.
_ONE_ORDER = np.timedelta64(timedelta(days=1))
_SHOWN_FAULTS = 3
#: What tells a customer from another, the surest first, and how it is compared: a phone by its last nine digits.
_KNOWN_BY: dict[str, Callable[[str], str]] = {
    "customer_ref": str.strip,
    "customer_phone": lambda phone: "".join(filter(str.isdigit, phone))[-9:],
    "customer_email": lambda email: email.strip().lower(),
}


def read_company(path: Path) -> Company:
    """The company whose orders the file holds. Raises ConfigurationError that names the file and what is wrong."""
    try:
        table = read_table(path)
        try:
            return _company(table)
        except BadColumn as error:
            raise unusable(path, table.describe(error.fault)) from error
    except pa.ArrowException as error:
        raise unusable(path, f"it cannot be read: {str(error).splitlines()[0][:200]}; export it again") from error


def _company(table: OrderTable) -> Company:
    rows = _Rows(table)
    if not len(rows):
        faults = "; ".join(map(table.describe, rows.faults[:_SHOWN_FAULTS]))
        raise unusable(table.path, f"no row of it can be served: {faults}")
    order_of_row, first_rows = rows.orders()
    orders = rows.order_columns(order_of_row, first_rows)
    books = shelve(orders, rows.sources[first_rows], rows.order_items(), order_of_row)
    customers = sum(customer is not None for customer in orders.customer.values)
    return Company(
        books,
        customers,
        source_rows=len(rows),
        refused_rows=table.columns.num_rows - len(rows) + len(table.misshapen),
        notes=[*table.describe_misshapen(), *map(table.describe, rows.faults)],
    )


class _Rows:
    """The rows of a file that can be served, column by column. Every array here has one place per such row.

    `faults` are about rows of the table, those that are left out and those that are remarkable.
    """

    def __init__(self, table: OrderTable) -> None:
        self._columns: pa.Table = table.columns
        self.faults: list[Fault] = []
        ordered_at, unreadable = moments("ordered_at", self._columns["ordered_at"])
        sources = self._sources()
        quantity, quantity_unreadable = numbers(self._columns["quantity"])
        price, price_unreadable = numbers(self._columns["unit_price"])
        refused = np.zeros(len(ordered_at), bool)
        for column, rows, problem in (
            ("order_id", self._empty("order_id"), "there is no order number; fill it in"),
            ("ordered_at", unreadable, "there is no time, or none that can be read; write 2026-06-30T12:00:00Z"),
            (
                "ordered_at",
                _impossible(ordered_at),
                f"the time lies before {EARLIEST_MOMENT:%Y} or in the future; correct it",
            ),
            ("source", sources < 0, "it says neither 'pos' nor 'oe'; write one of them, or leave the column out"),
            ("quantity", quantity_unreadable, "it is no number; write it with digits and a decimal point"),
            ("unit_price", price_unreadable, "it is no number; write it with digits and a decimal point"),
        ):
            refused |= rows
            self._note(column, np.flatnonzero(rows), f"{problem}. Left out")
        self._places = np.flatnonzero(~refused)
        self._note_tiny_prices(price)
        self.sources = sources[self._places]
        self._ordered_at = ordered_at[self._places]
        self._quantity, self._price = quantity[self._places], price[self._places]
        #: Of each row: which rows are of one number, customer and time, whatever became of them.
        self._visit: Array = np.arange(len(self._places))
        self._is_cancelled = self._cancelled_invoices() if table.header.is_online_retail else None

    def __len__(self) -> int:
        return len(self._places)

    def orders(self) -> tuple[Array, Array]:
        """The order of each row, and the first row of each order. What one number is given to twice is kept apart."""
        number = _packed(self._text("order_id").codes, self.sources)
        visit = self._apart(number, "ordered_at", self._later_days(number))
        for name, codes in self._marks(visit):
            visit = self._apart(visit, name, codes)
        self._visit = visit
        self._note_blank_statuses()
        order = self._apart(visit, "status", _folded(self._status(), lambda text: text.strip().lower()).codes)
        return order, np.unique(order, return_index=True)[1]

    def order_columns(self, order_of_row: Array, first_rows: Array) -> OrderColumns:
        """What an order says of itself is the first that one of its rows says; its time is the earliest of theirs."""
        earliest = self._ordered_at[first_rows]
        np.minimum.at(earliest, order_of_row, self._ordered_at)
        nothing: Coded[str | None] = Coded.constant(None, len(first_rows))
        return OrderColumns(
            order_id=self._order_ids(first_rows),
            ordered_at=earliest,
            updated_at=earliest.copy(),
            status=self._status().take(first_rows),
            customer=self._customers(first_rows),
            city=self._said("city").take(first_rows),
            province=self._said("province").take(first_rows),
            payment_mode=nothing,
            brand=nothing,
        )

    def order_items(self) -> ItemColumns:
        parts, codes = _combinations([self._text(name) for name in _PRODUCT])
        products = [Product(id_, title, None, category, brand) for id_, title, category, brand in parts]
        return ItemColumns(Coded(products, codes), self._quantity, self._price)

    # -- what is reported ---------------------------------------------------------------------------------------------

    def _note(self, column: str, rows: Array, problem: str) -> None:
        if len(rows):
            self.faults.append(Fault(column, rows, problem))

    def _note_tiny_prices(self, price: Array) -> None:
        with np.errstate(invalid="ignore"):
            tiny = (price > 0) & (price < SMALLEST_PRICE)
        problem = "the price is too small for the four decimals that are kept; give that of a pack. It will be rejected"
        self._note("unit_price", np.flatnonzero(tiny), problem)

    def _note_blank_statuses(self) -> None:
        statuses = self._status()
        blank = np.array([not value.strip() for value in statuses.values], bool)[statuses.codes]
        problem = "there is no status; write completed, pending or cancelled. The order will be rejected"
        self._note("status", self._places[np.flatnonzero(blank)], problem)

    def _note_contradictions(self, column: str, key: Array, codes: Array) -> None:
        first = np.unique(key, return_index=True)[1]
        rows = np.flatnonzero(codes != codes[first][key])
        problem = "it contradicts other rows of the same order number. Kept apart, as an order of its own"
        self._note(column, self._places[rows], problem)

    # -- orders ---------------------------------------------------------------------------------------------------

    def _apart(self, key: Array, column: str, codes: Array) -> Array:
        """The keys, and others for rows that contradict the first row of their key, which are reported."""
        apart = _packed(key, codes)
        if apart.max() > key.max():
            self._note_contradictions(column, key, codes)
        return apart

    def _later_days(self, key: Array) -> Array:
        """0 for rows of the time of the first row of their key; the day, for others."""
        earliest = self._ordered_at[np.unique(key, return_index=True)[1]]
        np.minimum.at(earliest, key, self._ordered_at)
        days = self._ordered_at.astype("datetime64[D]").astype(np.int64)
        return np.where(self._ordered_at - earliest[key] > _ONE_ORDER, days - days.min() + 1, 0)

    def _marks(self, key: Array) -> Iterator[tuple[str, Array]]:
        """By what the customers of the rows are known, 0 where by nothing or by something surer."""
        is_known = np.zeros(len(key), bool)
        for name, fold in _KNOWN_BY.items():
            mark = _filled(_folded(self._text(name), fold), key)
            says = np.array([value is not None for value in mark.values], bool)[mark.codes]
            yield name, np.where(says & ~is_known, mark.codes + 1, 0)
            is_known |= says

    def _order_ids(self, first_rows: Array) -> Array:
        """The number of each order; the second and further orders of one number get a suffix of their own."""
        codes = self._text("order_id").take(first_rows)
        given: list[str] = [value or "" for value in codes.rows(0, len(first_rows))]
        key = _packed(codes.codes, self.sources[first_rows])
        if len(np.unique(key)) == len(given):
            return np.array(given)
        taken, seen = set(given), set[int]()
        for place in np.argsort(first_rows, kind="stable").tolist():
            if int(key[place]) in seen:
                given[place] = _free_id(given[place], taken)
            seen.add(int(key[place]))
        return np.array(given)

    def _status(self) -> Coded[str]:
        if self._is_cancelled is not None:
            return Coded([COMPLETED, CANCELLED], self._is_cancelled.astype(np.int32))
        if "status" not in self._columns.column_names:
            return Coded.constant(COMPLETED, len(self._places))
        statuses = self._said("status")
        return Coded([value or "" for value in statuses.values], statuses.codes)

    def _cancelled_invoices(self) -> Array:
        invoices = self._text("order_id")
        return np.array([(value or "").startswith("C") for value in invoices.values], bool)[invoices.codes]

    def _customers(self, first_rows: Array) -> Coded[Customer | None]:
        columns = [self._said(name).take(first_rows) for name in _CUSTOMER]
        parts, codes = _combinations(columns)
        return Coded([Customer(*part) if any(part) else None for part in parts], codes)

    # -- cells ----------------------------------------------------------------------------------------------------

    def _text(self, name: str) -> Coded[str | None]:
        if name not in self._columns.column_names:
            return Coded.constant(None, len(self._places))
        column = self._columns[name]
        return (ids(name, column) if name in _IDS else texts(column)).take(self._places)

    def _said(self, name: str) -> Coded[str | None]:
        """The cells; an empty one is filled by the first row of the same customer's visit that says something."""
        return _filled(self._text(name), self._visit)

    def _empty(self, name: str) -> Array:
        cells = ids(name, self._columns[name])
        return np.array([not (value or "").strip() for value in cells.values], bool)[cells.codes]

    def _sources(self) -> Array:
        """Place in SOURCES; online where the file does not say, -1 where it says something else."""
        if "source" not in self._columns.column_names:
            return np.full(self._columns.num_rows, _ONLINE, np.int8)
        named = texts(self._columns["source"])
        places = [_ONLINE if value is None else _SOURCES.get(value.strip().lower(), -1) for value in named.values]
        return np.array(places, np.int8)[named.codes]


_SOURCES: dict[str, int] = {source.name: place for place, source in enumerate(SOURCES)}
_ONLINE = _SOURCES["oe"]


def _impossible(ordered_at: Array) -> Array:
    """Which orders nobody would ever ask for."""
    first, last = (
        np.datetime64(moment.replace(tzinfo=None), "us")
        for moment in (EARLIEST_MOMENT, datetime.now(UTC) + CLOCK_TOLERANCE)
    )
    return (ordered_at < first) | (ordered_at > last)


def _packed(first: Array, second: Array) -> Array:
    """A number for each different pair, by the order of `first`."""
    pairs = first.astype(np.int64) * (int(second.max(initial=0)) + 1) + second
    codes: Array = np.unique(pairs, return_inverse=True)[1]
    return codes


def _combinations(columns: list[Coded[str | None]]) -> tuple[list[tuple[str | None, ...]], Array]:
    """The distinct combinations of some text columns, and which of them each of the rows holds."""
    key = np.zeros(len(columns[0].codes), np.int64)
    for column in columns:
        if len(column.values) > 1:
            key = _packed(key, column.codes)
    _, first, codes = np.unique(key, return_index=True, return_inverse=True)
    parts = ([column.values[code] for code in column.codes[first].tolist()] for column in columns)
    return list(zip(*parts, strict=True)), codes


def _filled(cells: Coded[str | None], key: Array) -> Coded[str | None]:
    """The cells, where they are empty that of the first row of the same key that says something."""
    if None not in cells.values:
        return cells
    says = cells.codes != cells.values.index(None)
    keys, first = np.unique(key[says], return_index=True)
    codes = np.full(int(key.max()) + 1, cells.values.index(None), cells.codes.dtype)
    codes[keys] = cells.codes[says][first]
    return Coded(cells.values, np.where(says, cells.codes, codes[key]))


def _folded(cells: Coded[Any], fold: Callable[[str], str]) -> Coded[str | None]:
    """The cells as `fold` writes them; empty ones stay empty."""
    folded = [None if value is None else fold(value) for value in cells.values]
    places = {value: place for place, value in enumerate(dict.fromkeys(folded))}
    return Coded(list(places), np.array([places[value] for value in folded], np.int32)[cells.codes])


def _free_id(order_id: str, taken: set[str]) -> str:
    suffix = 2
    while f"{order_id}~{suffix}" in taken:
        suffix += 1
    taken.add(f"{order_id}~{suffix}")
    return f"{order_id}~{suffix}"
