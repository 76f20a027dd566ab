"""Changes that random walks do not make: after each, an incremental build equals a plain recomputation."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from aisle.stages.transform import extent
from tests.integration.transform.conftest import Company
from tests.integration.transform.recomputed import differences_from_a_recomputation

MUG = {"product_id": "MUG"}


def _edit(statement: str) -> Callable[[Company], None]:
    def edit(company: Company) -> None:
        with psycopg.connect(company.url) as connection:
            connection.execute(statement.encode())

    return edit


def _order_of_many_items(company: Company) -> None:
    items = [
        {"product_id": f"P-{number % 120}", "quantity": 1 + number % 3, "unit_price": 1 + number % 7}
        for number in range(300)
    ]
    company.ordered("large", *items, user_id="ben")


def _rename(name: str) -> Callable[[Company], None]:
    return _edit(f"update raw.company__order_items set product_name = '{name}' where order_id = '0'")


#: In this order, each followed by a build.
CHANGES: dict[str, Callable[[Company], None]] = {
    "an order of more items than a basket has comes": _order_of_many_items,
    "and goes": _edit("delete from raw.company__orders where order_id = 'large'"),
    "a product is renamed": _rename("Beaker"),
    "and gets its name back": _rename("Mug"),
    "names tie": _edit("update raw.company__order_items set product_name = 'Anvil' where order_id = '1'"),
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
        assert not build.extent.is_full, (name, build.extent.reason)
        assert differences_from_a_recomputation(company.url) == [], name
