"""The census of fields keeps names and shapes, and no value."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from aisle.orders.fields import FieldCensus, shape_of


class _Connection:
    """Takes the values that a census stores."""

    def execute(self, _statement: bytes, values: dict[str, Any]) -> None:
        self.values = values


def stored(*orders: Any) -> dict[str, tuple[bool, int, str]]:
    census, connection = FieldCensus(), _Connection()
    for order in orders:
        census.look(msgspec.Raw(order if isinstance(order, bytes) else json.dumps(order).encode()))
    census.store(connection, "pos", "run")  # type: ignore[arg-type]
    values = connection.values
    columns = (values["are_known"], values["times"], values["shapes"])
    assert values["n_orders"] == len(orders)
    return dict(zip(values["names"], zip(*columns, strict=True), strict=True))


def test_every_field_of_an_order_is_counted_once_with_the_shape_of_its_first_value() -> None:
    order = {"order_id": "A1", "total": 3.5, "gift": True, "tags": ["vip"], "geo": {"lat": 1}, "city": None}
    assert stored(order, {**order, "gift": "yes"}) == {
        "order_id": (True, 2, "text of 2 characters"),
        "total": (True, 2, "number"),
        "gift": (False, 2, "true or false"),
        "tags": (False, 2, "list"),
        "geo": (False, 2, "object"),
    }


def test_fields_of_customer_and_items_are_named_with_their_place() -> None:
    fields = stored({"customer": {"id": "c", "vip": 1}, "items": [{"id": "p", "weight": 2}, {"weight": 3}]})
    assert fields["customer.vip"] == (False, 1, "number")
    assert fields["items.weight"] == (False, 1, "number")
    assert fields["items.id"][0]


@pytest.mark.parametrize("order", [b"[1]", b'"x"', b'{"order_id": NaN}', b"{", b"null", b'{"items": [1]}'])
def test_an_order_that_is_none_has_no_fields(order: bytes) -> None:
    assert set(stored(order)) <= {"items"}


@pytest.mark.parametrize(
    "name", ["zubaida@example.com", "0300-1234567", "923001234567", "line\nbreak", "x" * 61, "", "\x1b[2J"]
)
def test_a_name_that_looks_like_data_is_not_kept(name: str) -> None:
    assert list(stored({name: 1})) == ["(a name that looks like data)"]


def test_names_without_end_are_counted_as_one() -> None:
    fields = stored(*({f"field_{number}": 1} for number in range(1_000)))
    assert len(fields) == 201
    assert fields["(further fields)"] == (False, 800, "number")


@pytest.mark.parametrize(
    ("cell", "shape"), [("12", "number"), ("-1,5", "number"), ("0300 1234567", "text of 12 characters")]
)
def test_the_shape_of_a_cell_shows_nothing_of_it(cell: str, shape: str) -> None:
    assert shape_of(cell) == shape
