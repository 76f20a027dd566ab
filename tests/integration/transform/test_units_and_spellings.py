"""Equal items count as often as they were sent, and a product has one spelling, the shop's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.transform.conftest import lasting_company

TEA = {"product_id": "5f1e0c9a-tea", "product_name": "Tea", "unit_price": 10}


@pytest.fixture(scope="module")
def shop(postgres: Any, _warehouse_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Marts of a shop with equal items and with several spellings; for reading only."""
    with lasting_company("spelling", postgres, _warehouse_template, tmp_path_factory) as company:
        company.ordered("scan", {**TEA, "merged_lines": 2}, user_id="ann", total_amount=30)
        company.ordered("two", {**TEA, "quantity": 2, "merged_lines": 1}, TEA, user_id="ben")
        company.ordered("back", {**TEA, "quantity": -1, "merged_lines": 3}, status="cancelled", user_id="cara")
        company.ordered("free", {**TEA, "unit_price": 0, "merged_lines": 4}, user_id="ann")
        for number, spelling in enumerate(["Mug-a", "MUG-A", "Mug-a", " mug-a"]):
            company.ordered(f"m{number}", {"product_id": spelling}, source=("oe", "pos")[number % 2])
        company.ordered("case", {"product_id": "xY", "product_key": "xY"}, {"product_id": "Xy", "product_key": "Xy"})
        company.ordered("post", {"product_id": "post"})
        company.build()
        yield company


def test_units_of_an_interaction_count_every_equal_item(shop: Any) -> None:
    rows = shop.rows(
        "select user_id, event_value from personalize.interactions where item_id = '5f1e0c9a-tea' order by user_id"
    )
    assert [tuple(row.values()) for row in rows] == [("ann", 3.0), ("ben", 5.0)]


@pytest.mark.parametrize(
    ("order_id", "n_lines", "n_sales", "n_items", "items_amount", "total"),
    [("scan", 3, 3, 3, 30, 30), ("two", 3, 3, 5, 50, 50), ("back", 4, 0, -4, -40, -40), ("free", 5, 0, 5, 0, 0)],
)
def test_an_order_counts_every_equal_item(
    shop: Any, order_id: str, n_lines: int, n_sales: int, n_items: int, items_amount: int, total: int
) -> None:
    (row,) = shop.rows(
        f"select n_lines, n_sales, n_items, items_amount, total_amount from core.orders where order_id = '{order_id}'"
    )
    assert [float(value) for value in row.values()] == [n_lines, n_sales, n_items, items_amount, total]


def test_a_product_was_sold_as_often_as_it_was_scanned(shop: Any) -> None:
    (row,) = shop.rows("select n_orders, n_purchases, n_sold from core.products where product_id = '5f1e0c9a-tea'")
    assert [float(value) for value in row.values()] == [2, 6, 8]


def test_a_customer_has_bought_every_equal_item(shop: Any) -> None:
    rows = shop.rows("select user_id, n_purchases, total_amount from core.customers where user_id in ('ann', 'ben')")
    bought = {row["user_id"]: (row["n_purchases"], float(row["total_amount"])) for row in rows}
    assert bought["ben"] == (3, 50.0)


def test_a_product_has_the_spelling_that_was_seen_first(shop: Any) -> None:
    rows = shop.rows("select item_id from personalize.items where upper(item_id) = 'MUG-A'")
    assert rows == [{"item_id": "Mug-a"}]
    spellings = shop.rows("select distinct product_id from core.order_items where upper(product_id) = 'MUG-A'")
    assert spellings == [{"product_id": "Mug-a"}]


def test_codes_that_differ_by_case_are_two_products_where_the_source_says_so(shop: Any) -> None:
    rows = shop.rows("select item_id from personalize.items where upper(item_id) = 'XY' order by item_id collate \"C\"")
    assert [row["item_id"] for row in rows] == ["Xy", "xY"]


def test_a_code_that_is_no_product_is_none_in_any_spelling(shop: Any) -> None:
    assert shop.rows("select is_product from core.products where product_id = 'post'") == [{"is_product": False}]
