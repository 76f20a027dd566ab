"""Orders kept as columns come back as the orders that went in, sorted, with the changes that were asked for."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.contracts.company_orders import CANCELLED
from services.company_api.order_book import EDIT_STEP, Coded, ItemColumns, OrderBook, OrderColumns, Product, shelve

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def books(hours: list[int], sources: list[int], order_of_item: list[int]) -> dict[str, OrderBook]:
    """Order i happens `hours[i]` after noon; item i is of product `P<i>`, quantity i, price 2."""
    n, n_items = len(hours), len(order_of_item)
    at = np.datetime64(NOON.replace(tzinfo=None), "us") + np.array(hours).astype("timedelta64[h]")
    nothing = Coded.constant(None, n)
    orders = OrderColumns(
        np.array([f"O{i:03d}" for i in range(n)]), at, at.copy(), Coded.constant("completed", n),
        nothing, Coded.constant("Lahore", n), nothing, nothing, nothing,
    )  # fmt: skip
    products = Coded([Product(f"P{i}") for i in range(n_items)], np.arange(n_items))
    columns = ItemColumns(products, np.arange(n_items, dtype=float), np.full(n_items, 2.0))
    return shelve(orders, np.array(sources), columns, np.array(order_of_item))


@given(st.data())
def test_every_item_stays_with_its_order_and_orders_are_sorted(data):
    n = data.draw(st.integers(1, 12))
    hours = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    sources = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    order_of_item = [*range(n), *data.draw(st.lists(st.integers(0, n - 1), max_size=20))]
    shelved = books(hours, sources, order_of_item)
    for place, name in enumerate(("pos", "oe")):
        page = shelved[name].page(0, len(shelved[name]))
        expected = sorted((hours[i], f"O{i:03d}", i) for i in range(n) if sources[i] == place)
        assert [order.order_id for order in page] == [name for _, name, _ in expected]
        for order, (hour, _, i) in zip(page, expected, strict=True):
            own = [item for item, owner in enumerate(order_of_item) if owner == i]
            assert order.order_date == NOON + timedelta(hours=hour)
            assert [item.id for item in order.items] == [f"P{number}" for number in own]
            assert order.total == sum(own) * 2


def test_a_window_holds_its_start_but_not_its_end():
    book = books([0, 1, 2, 3], [0] * 4, [0, 1, 2, 3])["pos"]
    assert book.window(NOON + timedelta(hours=1), NOON + timedelta(hours=3)) == (1, 3)


def test_a_window_in_another_zone_means_the_same_moment():
    book = books([0, 1, 2], [0] * 3, [0, 1, 2])["pos"]
    karachi = (NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=5)))
    assert book.window(karachi, karachi + timedelta(hours=9)) == (1, 3)


@pytest.mark.parametrize(
    ("change", "quantity", "city"),
    [({}, 2, "Lahore"), ({"quantity": 9}, 9, "Lahore"), ({"city": "Multan"}, 1, "Multan")],
)
def test_an_edit_changes_one_order_and_moves_its_time(change, quantity, city):
    book = books([0, 1, 2], [0] * 3, [0, 1, 2])["pos"]
    before = book.page(0, 3)
    book.edit(1, **change)
    after = book.page(0, 3)
    assert (after[0], after[2]) == (before[0], before[2])
    assert (after[1].items[0].quantity, after[1].city) == (quantity, city)
    assert after[1].updated_at == before[1].updated_at + EDIT_STEP
    assert after[1].total == quantity * 2


def test_a_cancelled_order_says_so_and_others_do_not():
    book = books([0, 1], [0, 0], [0, 1])["pos"]
    book.cancel(0)
    assert [order.status for order in book.page(0, 2)] == [CANCELLED, "completed"]
