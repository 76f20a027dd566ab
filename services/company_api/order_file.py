"""Real orders from a CSV or parquet file, as dirty as they are: nothing is cleaned, merged or dropped.

Two sets of columns are known: the public Online Retail data set's, and Aisle's own order lines. Every row of the file
becomes one item of one order, in file order, so the items of all orders add up to the file's rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aisle.contracts.company_orders import CANCELLED, COMPLETED, SOURCES, Customer
from aisle.errors import ConfigurationError
from services.company_api.order_book import Array, Coded, Company, LineColumns, OrderColumns, Product, shelve

if TYPE_CHECKING:
    import pyarrow as pa

ONLINE_RETAIL = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
ORDER_LINES = (
    "order_id", "source", "ordered_at", "customer_ref", "customer_name", "customer_phone", "customer_email", "city",
    "province", "product_id", "product_name", "category", "brand", "quantity", "unit_price", "status",
)  # fmt: skip
_REQUIRED = ("order_id", "ordered_at", "product_id", "quantity", "unit_price")
_NUMBERS = {"Quantity", "UnitPrice", "CustomerID", "quantity", "unit_price"}
_PRODUCT = ("product_id", "product_name", "category", "brand")
_CUSTOMER = ("customer_ref", "customer_name", "customer_phone", "customer_email")
#: How the public CSV of Online Retail writes times.
_ONLINE_RETAIL_CSV_TIME = "%m/%d/%Y %H:%M"


def read_company(path: Path) -> Company:
    """The company whose orders the file holds. Raises ConfigurationError that names the file and what is wrong."""
    import pyarrow as pa

    if not path.is_file():
        raise ConfigurationError(f"reading orders from {path}: there is no such file; give a CSV or parquet file")
    try:
        return _company(_OrderRows(path, _order_lines(path, _read(path))))
    except pa.ArrowException as error:
        raise ConfigurationError(
            f"reading orders from {path}: {error}; give a parquet file, or a CSV in UTF-8 with a header"
        ) from error


def _company(rows: _OrderRows) -> Company:
    order_of_row, first_rows = rows.orders()
    orders = rows.order_columns(order_of_row, first_rows)
    books = shelve(orders, rows.sources()[first_rows], rows.lines(), order_of_row)
    customers = sum(customer is not None for customer in orders.customer.values)
    return Company(books, customers, source_rows=len(order_of_row))


def _read(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(path) if path.suffix == ".parquet" else _read_csv(path)


def _read_csv(path: Path) -> pa.Table:
    """All columns as text but the numbers: a stock code is no number, whatever it looks like."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    types = {name: pa.float64() if name in _NUMBERS else pa.string() for name in (*ONLINE_RETAIL, *ORDER_LINES)}
    return pa_csv.read_csv(
        path,
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
    )


def _order_lines(path: Path, table: pa.Table) -> pa.Table:
    """The file's rows under Aisle's own column names; columns the file does not have are empty."""
    columns = set(table.column_names)
    if "InvoiceNo" in columns:
        _check_columns(path, columns, known=ONLINE_RETAIL, required=ONLINE_RETAIL)
        return _from_online_retail(table)
    _check_columns(path, columns, known=ORDER_LINES, required=_REQUIRED)
    return table


def _check_columns(path: Path, columns: set[str], *, known: tuple[str, ...], required: tuple[str, ...]) -> None:
    unknown, missing = sorted(columns - set(known)), [name for name in required if name not in columns]
    if unknown or missing:
        raise ConfigurationError(
            f"reading orders from {path}: unknown columns {unknown}, missing columns {missing}; rename them to "
            f"those of Online Retail ({', '.join(ONLINE_RETAIL)}) or of order lines ({', '.join(ORDER_LINES)})"
        )


def _from_online_retail(table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    cancelled = pc.fill_null(pc.starts_with(table["InvoiceNo"], pattern="C"), False)
    return pa.table(
        {
            "order_id": table["InvoiceNo"],
            "ordered_at": table["InvoiceDate"],
            "customer_ref": table["CustomerID"].cast(pa.int64()).cast(pa.string()),
            "province": table["Country"],
            "product_id": table["StockCode"],
            "product_name": table["Description"],
            "quantity": table["Quantity"],
            "unit_price": table["UnitPrice"],
            "status": pc.if_else(cancelled, CANCELLED, COMPLETED),
        }
    )


class _OrderRows:
    """The rows of a file under Aisle's names, column by column. Every array here has one place per row."""

    def __init__(self, path: Path, table: pa.Table) -> None:
        self._path = path
        self._table = table

    def orders(self) -> tuple[Array, Array]:
        """The order of each row, and the first row of each order."""
        ids = self._coded("order_id")
        if None in ids.values:
            raise self._error("order_id", f"{int((ids.codes == ids.values.index(None)).sum())} rows have none")
        key = ids.codes.astype(np.int64) * len(SOURCES) + self.sources()
        _, first_rows, codes = np.unique(key, return_index=True, return_inverse=True)
        return codes, first_rows

    def sources(self) -> Array:
        """Place in SOURCES; online where the file does not say."""
        places: dict[str | None, int] = {source.name: place for place, source in enumerate(SOURCES)}
        places[None] = places["oe"]
        named = self._coded("source")
        if strange := sorted(str(value) for value in named.values if value not in places):
            raise self._error("source", f"it says {strange[:5]}, which are neither 'pos' nor 'oe'")
        return np.array([places[value] for value in named.values], np.int8)[named.codes]

    def order_columns(self, order_of_row: Array, first_rows: Array) -> OrderColumns:
        """What an order says of itself comes from its first row; its time is the earliest of its rows."""
        ordered_at = self._ordered_at()
        earliest = ordered_at[first_rows]
        np.minimum.at(earliest, order_of_row, ordered_at)
        ids = self._coded("order_id")
        statuses = self._coded("status")
        nothing: Coded[str | None] = Coded.constant(None, len(first_rows))
        return OrderColumns(
            order_id=np.array(ids.values)[ids.codes[first_rows]],
            ordered_at=earliest,
            updated_at=earliest.copy(),
            status=Coded([value or COMPLETED for value in statuses.values], statuses.codes).take(first_rows),
            customer=self._customers(first_rows),
            city=self._coded("city").take(first_rows),
            province=self._coded("province").take(first_rows),
            payment_mode=nothing,
            brand=nothing,
        )

    def lines(self) -> LineColumns:
        parts, codes = self._combinations(_PRODUCT, np.arange(self._table.num_rows))
        products = [Product(id_, title, None, category, brand) for id_, title, category, brand in parts]
        return LineColumns(Coded(products, codes), self._numbers("quantity"), self._numbers("unit_price"))

    def _customers(self, first_rows: Array) -> Coded[Customer | None]:
        parts, codes = self._combinations(_CUSTOMER, first_rows)
        return Coded([Customer(*part) if any(part) else None for part in parts], codes)

    def _combinations(self, names: tuple[str, ...], rows: Array) -> tuple[list[tuple[str | None, ...]], Array]:
        """The distinct combinations of some text columns, and which of them each of the rows holds."""
        columns = [self._coded(name).take(rows) for name in names]
        key = np.zeros(len(rows), np.int64)
        for column in columns:
            if len(column.values) > 1:
                key = np.unique(key * len(column.values) + column.codes, return_inverse=True)[1]
        _, first, codes = np.unique(key, return_index=True, return_inverse=True)
        parts = ([column.values[code] for code in column.codes[first].tolist()] for column in columns)
        return list(zip(*parts, strict=True)), codes

    def _coded(self, name: str) -> Coded[str | None]:
        import pyarrow as pa
        import pyarrow.compute as pc

        if name not in self._table.column_names:
            return Coded.constant(None, self._table.num_rows)
        text = self._table[name].cast(pa.large_string()).combine_chunks()
        encoded = pc.dictionary_encode(text, null_encoding="encode")
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        return Coded(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())

    def _numbers(self, name: str) -> Array:
        """Missing numbers are NaN."""
        import pyarrow as pa

        numbers: Array = self._table[name].cast(pa.float64()).to_numpy()
        return numbers

    def _ordered_at(self) -> Array:
        """Times without a zone are UTC."""
        import pyarrow as pa
        import pyarrow.types as types

        times = self._table["ordered_at"]
        if not types.is_timestamp(times.type):
            times = self._parsed_times(times)
        if times.null_count:
            raise self._error("ordered_at", f"{times.null_count} rows have no time, or none that can be read")
        moments: Array = times.cast(pa.timestamp("us", times.type.tz)).to_numpy().astype("datetime64[us]")
        return moments

    def _parsed_times(self, times: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        for zone in ("UTC", None):  # ISO 8601 with a zone, then without
            try:
                return times.cast(pa.timestamp("us", zone))
            except pa.ArrowInvalid:
                continue
        return pc.strptime(times, _ONLINE_RETAIL_CSV_TIME, "us", error_is_null=True)

    def _error(self, column: str, found: str) -> ConfigurationError:
        return ConfigurationError(
            f"reading orders from {self._path}: column {column} cannot be used: {found}; correct the file"
        )
