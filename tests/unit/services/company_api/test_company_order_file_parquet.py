"""Parquet files of orders: any type that holds the values is read, any other is refused by its column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aisle.errors import ConfigurationError
from services.company_api.order_file import read_company
from tests.unit.services.company_api.order_files import orders_of, refs_of


def _retail_parquet(path: Path, customer_ids: Any) -> Path:
    n = len(customer_ids)
    columns = {
        "InvoiceNo": [str(number) for number in range(n)],
        "StockCode": ["A"] * n,
        "Description": ["x"] * n,
        "Quantity": [1] * n,
        "InvoiceDate": pa.array([1_291_191_960_000_000 + number for number in range(n)], pa.timestamp("us")),
        "UnitPrice": [1.5] * n,
        "CustomerID": customer_ids,
        "Country": ["UK"] * n,
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        (pa.array([17850.0, None]), ["17850", None]),
        (pa.array([17850.0, float("nan")]), ["17850", None]),
        (pa.array([9007199254740993, None]), ["9007199254740993", None]),
        (pa.array([18446744073709551615], pa.uint64()), ["18446744073709551615"]),
        (pa.array(["00123", "1.0"]), ["00123", "1.0"]),
        (pa.array(["A", "A"]).dictionary_encode(), ["A", "A"]),
    ],
)
def test_ids_of_a_parquet_file_are_whole_whatever_their_type(
    tmp_path: Path, given: pa.Array, read_as: list[str | None]
) -> None:
    assert refs_of(read_company(_retail_parquet(tmp_path / "orders.parquet", given))) == read_as


_GOOD_COLUMNS: dict[str, Any] = {
    "order_id": pa.array([7]),
    "ordered_at": pa.array([1_767_607_200_000_000_001], pa.timestamp("ns")),
    "product_id": pa.array(["A"]),
    "quantity": pa.array([Decimal("1.5")]),
    "unit_price": pa.array([2.5], pa.float32()),
}


def test_a_parquet_file_is_read_whatever_its_types(tmp_path: Path) -> None:
    pq.write_table(pa.table(_GOOD_COLUMNS), tmp_path / "orders.parquet")
    (order,) = orders_of(read_company(tmp_path / "orders.parquet"))
    assert (order.order_id, order.order_date) == ("7", datetime(2026, 1, 5, 10, tzinfo=UTC))
    assert (order.items[0].quantity, order.items[0].price) == (1.5, 2.5)


@pytest.mark.parametrize(
    "column",
    [
        {"product_id": pa.array([{"sku": "A"}])},
        {"order_id": pa.array([["A"]])},
        {"quantity": pa.array([[1, 2]])},
        {"quantity": pa.array([1], pa.duration("s"))},
        {"unit_price": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))},
        {"product_id": pa.array([b"\xff\xfe"])},
        {"product_id": pa.array([b"\xff\xfe"]).view(pa.string())},
        {"quantity": pa.array([datetime(2026, 1, 5, tzinfo=UTC)])},
        {"ordered_at": pa.array([1_767_607_200])},
    ],
    ids=["struct", "list", "list of numbers", "duration", "map", "bytes", "broken text", "time as quantity", "seconds"],
)
def test_a_parquet_file_of_other_types_is_refused_by_column_in_one_sentence(
    tmp_path: Path, column: dict[str, Any]
) -> None:
    pq.write_table(pa.table(_GOOD_COLUMNS | column), tmp_path / "orders.parquet")
    with pytest.raises(ConfigurationError, match=r"orders.parquet: [^\n]+; [^\n]+$") as refused:
        read_company(tmp_path / "orders.parquet")
    assert f"column {next(iter(column))}" in str(refused.value)
    assert not any(word in str(refused.value) for word in ("cast", "utf8", "codec", "large_string"))


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path) -> None:
    columns = {name: values.slice(0, 0) for name, values in _GOOD_COLUMNS.items()}
    pq.write_table(pa.table(columns), tmp_path / "orders.parquet")
    with pytest.raises(ConfigurationError, match=r"orders.parquet: it has a header and no rows; [^\n]+$"):
        read_company(tmp_path / "orders.parquet")


@pytest.mark.parametrize("damage", [lambda file: file[:-30], lambda file: file[:40] + bytes(40) + file[80:]])
def test_a_damaged_parquet_file_is_refused_in_one_sentence(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "orders.parquet"
    pq.write_table(pa.table(_GOOD_COLUMNS), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConfigurationError, match=r"orders.parquet: it is damaged[^\n]*; export it again$"):
        read_company(path)


@pytest.mark.parametrize("column", ["quantity", "unit_price"])
def test_an_infinite_number_of_a_parquet_file_costs_its_row(tmp_path: Path, column: str) -> None:
    two = {name: pa.chunked_array([values, values]) for name, values in _GOOD_COLUMNS.items()}
    pq.write_table(pa.table(two | {column: pa.array([1.0, float("-inf")])}), tmp_path / "orders.parquet")
    company = read_company(tmp_path / "orders.parquet")
    assert (company.source_rows, company.refused_rows) == (1, 1)
    assert f"column {column}, row 2: it is no number" in company.notes[0]


@pytest.mark.parametrize("given", [[1.0, 9007199254740992.0], [1.5, 2.0], [1.0, 1e300]])
def test_ids_that_lost_digits_as_floats_are_refused(tmp_path: Path, given: list[float]) -> None:
    with pytest.raises(ConfigurationError, match=r"CustomerID, row .*lose digits; write the column as text"):
        read_company(_retail_parquet(tmp_path / "orders.parquet", pa.array(given)))
