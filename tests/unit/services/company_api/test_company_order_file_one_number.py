"""Rows of one order number: one order, or several if they contradict each other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.services.company_api.order_files import GOOD, HEADER, Read, orders_of

CONTRADICTIONS = {
    "status": ("1,2026-01-05T10:00:00Z,c1,B,1,2.5,cancelled\n", "status"),
    "customer": ("1,2026-01-05T10:00:00Z,c2,B,1,2.5,completed\n", "customer_ref"),
    "date": ("1,2026-06-05T10:00:00Z,c1,B,1,2.5,completed\n", "ordered_at"),
    "everything": ("1,2026-06-05T10:00:00Z,c2,B,1,2.5,pending\n", "ordered_at"),
}


@pytest.mark.parametrize(("row", "column"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_rows_of_one_number_that_contradict_each_other_are_orders_of_their_own_and_reported(
    read: Read, row: str, column: str
) -> None:
    company = read(HEADER + GOOD + "1,2026-01-05T10:01:00Z,,C,1,2.5,Completed \n" + row)
    first, second = sorted(orders_of(company), key=lambda order: order.order_id)
    assert (first.order_id, [item.id for item in first.items]) == ("1", ["A", "C"])
    assert (second.order_id, [item.id for item in second.items]) == ("1~2", ["B"])
    given = row.split(",")
    assert (second.status, second.customer and second.customer.id) == (given[6].strip(), given[2])
    assert second.order_date == datetime.fromisoformat(given[1])
    assert f"column {column}, row 4: it contradicts other rows of the same order number" in company.notes[0]
    assert company.source_rows == 3


def test_a_cancelled_row_has_the_customer_of_its_order_and_a_later_order_has_not(read: Read) -> None:
    company = read(
        HEADER
        + "1,2026-01-05T10:00:00Z,c1,A,1,2.5,completed\n"
        + "1,2026-01-05T10:00:00Z,,B,1,2.5,cancelled\n"
        + "1,2026-06-05T10:00:00Z,,C,1,2.5,completed\n"
    )
    by_item = {order.items[0].id: order.customer and order.customer.id for order in orders_of(company)}
    assert by_item == {"A": "c1", "B": "c1", "C": None}


def test_contacts_tell_orders_apart_where_there_is_no_customer_number(read: Read) -> None:
    header = "order_id,ordered_at,product_id,quantity,unit_price,customer_phone,customer_email\n"
    rows = "".join(
        f"{order},2026-01-05,{item},1,1,{phone},{email}\n"
        for order, item, phone, email in (
            ("1", "A", "0300-1234567", ""), ("1", "B", "+92 300 1234567", "z@example.com"), ("1", "C", "", ""),
            ("2", "A", "0300-1234567", ""), ("2", "B", "0300-7654321", ""),
            ("3", "A", "", "z@example.com"), ("3", "B", "", "Y@example.com"), ("3", "C", "", "Z@Example.com"),
        )
    )  # fmt: skip
    company = read(header + rows)
    by_id = {order.order_id: [item.id for item in order.items] for order in orders_of(company)}
    assert by_id == {"1": ["A", "B", "C"], "2": ["A"], "2~2": ["B"], "3": ["A", "C"], "3~2": ["B"]}
    assert not any("@" in note or "300" in note for note in company.notes)


def test_a_number_of_its_own_is_never_one_that_the_file_uses(read: Read) -> None:
    row = "{},2026-01-05T10:00:00Z,{},A,1,2.5,completed\n"
    company = read(HEADER + "".join(row.format(*pair) for pair in (("1", "a"), ("1", "b"), ("1~2", "c"), ("1", "d"))))
    customers = {order.order_id: order.customer and order.customer.id for order in orders_of(company)}
    assert customers == {"1": "a", "1~3": "b", "1~2": "c", "1~4": "d"}


def test_an_order_over_midnight_and_one_with_its_customer_on_one_row_only_are_one_order(read: Read) -> None:
    rows = (
        "1,2026-01-05T23:59:00Z,,A,1,2.5,\n"
        "1,2026-01-06T00:30:00Z,c1,B,1,2.5,completed\n"
        "1,2026-01-06T00:31:00Z,,C,1,1,\n"
    )
    company = read(HEADER + rows)
    (order,) = orders_of(company)
    assert (order.customer and order.customer.id, len(order.items), company.notes) == ("c1", 3, [])
    assert order.order_date == datetime(2026, 1, 5, 23, 59, tzinfo=UTC)
