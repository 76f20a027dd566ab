"""Changes that random walks do not make: after each, an incremental build equals a plain recomputation."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from aisle.stages.transform import extent
from tests.integration.transform.conftest import Company
from tests.integration.transform.test_marts_equal_a_recomputation import differences_from_a_recomputation

MUG = {"product_id": "MUG"}


def _edit(statement: str) -> Callable[[Company], None]:
    def edit(company: Company) -> None:
        with psycopg.connect(company.url) as connection:
            connection.execute(statement.encode())

    return edit


def _order_of_ten_thousand_items(company: Company) -> None:
    items = [
        {"product_id": f"P-{number % 4000}", "quantity": 1 + number % 3, "unit_price": 1 + number % 7}
        for number in range(10_000)
    ]
    company.ordered("large", *items, user_id="ben")


def _rename(name: str) -> Callable[[Company], None]:
    return _edit(f"update raw.company__order_items set product_name = '{name}' where order_id = '0'")


#: In this order, each followed by a build.
CHANGES: dict[str, Callable[[Company], None]] = {
    "an order of ten thousand items comes": _order_of_ten_thousand_items,
    "and goes": _edit("delete from raw.company__orders where order_id = 'large'"),
    "a product is renamed": _rename("Beaker"),
    "and gets its name back": _rename("Mug"),
    "names tie": _edit("update raw.company__order_items set product_name = 'Anvil' where order_id = '1'"),
    "a name is private": _rename("call 0300-1234567"),
    "and is not any more": _rename("Mug"),
    "the newest order comes much later": lambda company: company.ordered("late", MUG, ordered_at="2025-03-01T10:00Z"),
    "and is taken back": _edit("update raw.company__orders set status = 'cancelled' where order_id = 'late'"),
    "an old window is filled": lambda company: company.ordered("old", MUG, ordered_at="2019-03-01T10:00Z", city="Swat"),
    "an id comes again in the other system": lambda company: company.ordered("0", MUG, source="pos", user_id="ben"),
    "an id names a second order": lambda company: company.ordered("0~2024-05-01T10:00:00Z", MUG, user_id="cid"),
    "a person becomes another and back": _edit(
        "update raw.company__orders set user_id = 'dan' where user_id = 'ann';"
        "update raw.company__orders set user_id = 'ann' where user_id = 'dan'"
    ),
    "ids of orders are given anew": _edit(
        "insert into raw.company__orders"
        " (source, order_id, order_number, ordered_at, status, user_id, content_hash, run_key)"
        " select source, 'moved', 'moved', ordered_at, status, user_id, content_hash, run_key"
        " from raw.company__orders where source = 'oe' and order_id = '1';"
        "update raw.company__order_items set order_id = 'moved' where source = 'oe' and order_id = '1'"
    ),
    "all orders of a person go": _edit("delete from raw.company__orders where user_id = 'ben'"),
    "all go": _edit("delete from raw.company__orders"),
    "the first comes again": lambda company: company.ordered("0", MUG),
}


@pytest.mark.timeout(1800)
def test_marts_equal_a_plain_recomputation_after_odd_changes(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extent, "LARGEST_SHARE", 10_000)
    for number in range(4):
        company.ordered(
            str(number), {**MUG, "product_name": "Mug"}, {"product_id": "CUP"}, user_id=["ann", "ben"][number % 2]
        )
    company.build()
    for name, change in CHANGES.items():
        change(company)
        build = company.build()
        assert not build.extent.is_full or name == "all go", (name, build.extent.reason)
        assert differences_from_a_recomputation(company.url) == [], name
