"""An order id that names two orders names both: neither replaces the other, and each later version finds its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from aisle.orders.windows import Window
from aisle.quality.suites import SUITES, read_suite
from aisle.quality.validation import validate
from aisle.warehouse import migrate

_RUNS = count(1)
YEAR = 365 * 24
_ORDERS = "select order_id, order_number, status from raw.company__orders order by ordered_at"
_ITEMS = "select order_id, array_agg(product_id order by line_number) from raw.company__order_items group by order_id"
_REUSED = "2026-01-04T00:00:00Z"


def _order(ingest: Any, hour: float, customer: int | None = 1, *products: str, **changes: Any) -> dict[str, Any]:
    """Order `7` of a customer, placed `hour` hours after START."""
    moment = (ingest.start + timedelta(hours=hour)).isoformat()
    who = {"id": f"c{customer}", "name": f"Zubaida Testperson {customer}", "phone": f"0300-555010{customer}"}
    return {
        "order_id": "7",
        "order_date": moment,
        "updated_at": moment,
        "status": "completed",
        "customer": who if customer is not None else None,
        "total": 10.0,
        "items": [{"id": product, "quantity": 1, "price": 10.0} for product in products or ["tea"]],
        **changes,
    }


def _fetch(ingest: Any, *hours: tuple[float, float]) -> None:
    """Fetch windows, given by hours after START, as runs that know nothing of each other."""
    for first, last in hours:
        window = Window(ingest.start + timedelta(hours=first), ingest.start + timedelta(hours=last))
        ingest.pull([window], "scheduled", f"run-{next(_RUNS)}")


def _sell(ingest: Any, company: Any, *orders: dict[str, Any]) -> None:
    company.pos[:] = orders
    _fetch(ingest, (0, 240))


def test_a_counter_that_starts_again_a_year_later_keeps_both_orders(ingest: Any, company: Any) -> None:
    company.pos[:] = [_order(ingest, -YEAR + 1), _order(ingest, 2)]
    _fetch(ingest, (-YEAR, -YEAR + 24), (0, 24))
    assert ingest.rows(_ORDERS) == [
        ("7", "7", "completed"),
        ("7~2026-01-01T02:00:00Z", "7", "completed"),
    ]
    assert ingest.items_accounted_for() == 2


@pytest.mark.parametrize(
    ("customer", "products"),
    [(2, ["tea"]), (1, ["cup"]), (2, ["cup"]), (None, ["cup"])],
    ids=["another person", "other products", "another person and other products", "a walk-in with other products"],
)
@pytest.mark.parametrize("in_one_window", [True, False], ids=["one window", "two windows"])
def test_two_tills_that_share_a_counter_in_one_week_keep_both_orders(
    ingest: Any, company: Any, customer: int | None, products: list[str], in_one_window: bool
) -> None:
    company.pos[:] = [_order(ingest, 1, 1, "tea"), _order(ingest, 72, customer, *products)]
    _fetch(ingest, *([(0, 96)] if in_one_window else [(0, 24), (48, 96)]))
    assert dict(ingest.rows(_ITEMS)) == {"7": ["tea"], f"7~{_REUSED}": products}
    assert ingest.items_accounted_for() == 2


def test_two_tills_on_one_day_keep_orders_that_have_nothing_in_common(ingest: Any, company: Any) -> None:
    _sell(ingest, company, _order(ingest, 1, 1, "tea"), _order(ingest, 3, 2, "cup"))
    assert dict(ingest.rows(_ITEMS)) == {"7": ["tea"], "7~2026-01-01T03:00:00Z": ["cup"]}


def test_three_orders_of_one_id_are_three(ingest: Any, company: Any) -> None:
    _sell(ingest, company, *(_order(ingest, hour, customer) for customer, hour in enumerate((1, 72, 200))))
    assert [row[1] for row in ingest.rows(_ORDERS)] == ["7"] * 3
    assert len(ingest.order_ids()) == 3
    assert ingest.rows("select count(distinct user_id) from raw.company__orders") == [(3,)]


def test_every_version_of_a_reused_id_finds_its_own_order(ingest: Any, company: Any) -> None:
    first, second = _order(ingest, 1, 1, "tea"), _order(ingest, 72, 2, "cup")
    _sell(ingest, company, first, second)
    later = (ingest.start + timedelta(days=9)).isoformat()
    _sell(ingest, company, {**first, "status": "cancelled", "updated_at": later}, second)
    assert [row[2] for row in ingest.rows(_ORDERS)] == ["cancelled", "completed"]
    moved = (ingest.start + timedelta(hours=75)).isoformat()
    _sell(ingest, company, {**second, "order_date": moved, "status": "pending", "updated_at": later})
    assert ingest.rows(_ORDERS) == [("7", "7", "cancelled"), (f"7~{_REUSED}", "7", "pending")]


def test_an_edit_that_moves_close_to_the_other_order_still_finds_its_own(ingest: Any, company: Any) -> None:
    first, second = _order(ingest, 1, 1, "tea"), _order(ingest, 72, 2, "cup")
    _sell(ingest, company, first, second)
    later = (ingest.start + timedelta(hours=71)).isoformat()
    _sell(ingest, company, {**first, "order_date": later, "status": "pending", "updated_at": later}, second)
    assert sorted(ingest.rows(_ORDERS)) == [("7", "7", "pending"), (f"7~{_REUSED}", "7", "completed")]


def test_a_refused_version_of_a_reused_id_marks_its_own_order(ingest: Any, company: Any) -> None:
    first, second = _order(ingest, 1, 1, "tea"), _order(ingest, 72, 2, "cup")
    _sell(ingest, company, first, second)
    _sell(ingest, company, first, {**second, "status": "teleported"})
    marked = ingest.rows("select order_id, refused_reason from raw.company__orders where refused_at is not null")
    assert marked == [(f"7~{_REUSED}", "unknown_status")]
    _sell(ingest, company, first, second)
    assert ingest.rows("select count(*) from raw.company__rejects") == [(0,)]


def test_a_refused_order_is_not_replaced_by_another_one_of_its_id(ingest: Any, company: Any) -> None:
    refused = _order(ingest, 1, 1, status="teleported")
    _sell(ingest, company, refused, _order(ingest, 72, 2))
    assert ingest.items_accounted_for() == 2
    _fetch(ingest, (0, 96))
    assert ingest.items_accounted_for() == 2
    _sell(ingest, company, {**refused, "status": "completed"}, _order(ingest, 72, 2))
    assert (len(ingest.order_ids()), ingest.items_accounted_for()) == (2, 2)


def test_a_reused_id_that_is_refused_at_first_keeps_the_older_order_and_is_loaded_later(
    ingest: Any, company: Any
) -> None:
    first, second = _order(ingest, 1, 1), _order(ingest, 72, 2)
    _sell(ingest, company, first, {**second, "status": "teleported"})
    assert ingest.rows("select count(*) from raw.company__orders where refused_at is not null") == [(0,)]
    _sell(ingest, company, first, second)
    assert ingest.order_ids() == ["7", f"7~{_REUSED}"]
    assert ingest.items_accounted_for() == 2


@pytest.mark.parametrize(
    "edit",
    [
        {"status": "cancelled"},
        {"items": [{"id": "cup", "quantity": 1, "price": 10.0}]},
        {"customer": {"id": "c9", "phone": "0300-5550199"}, "items": [{"id": "cup", "quantity": 1, "price": 1.0}]},
        {"order_date": "2026-01-01T18:00:00Z"},
        {"order_date": "2026-01-01T18:00:00Z", "items": [{"id": "cup", "quantity": 1, "price": 10.0}]},
        {"order_date": "2026-01-01T18:00:00Z", "customer": {"id": "c9", "phone": "0300-5550199"}},
        {"order_date": "2026-01-09T18:00:00Z", "status": "cancelled"},
        {"order_date": "2026-01-09T18:00:00Z", "customer": None},
        {"order_date": "2026-03-09T18:00:00Z", "status": "cancelled"},
        {"order_date": "2026-01-03T18:00:00Z", "status": "cancelled", "items": [], "customer": None},
        {"order_date": "2026-01-01T18:00:00Z", "status": "teleported"},
        {"order_date": "2030-01-01T18:00:00Z"},
        {"order_date": "2026-03-09T18:00:00Z", "status": "teleported"},
    ],
)
def test_an_ordinary_later_version_is_no_other_order(ingest: Any, company: Any, edit: dict[str, Any]) -> None:
    _sell(ingest, company, _order(ingest, 1))
    company.pos[:] = [{**_order(ingest, 1), "updated_at": "2026-03-10T00:00:00Z", **edit}]
    _fetch(ingest, (0, 2400))
    assert ingest.order_ids() == ["7"]


@pytest.mark.parametrize("in_one_window", [True, False], ids=["one window", "two windows"])
def test_orders_of_one_id_that_come_again_change_nothing(ingest: Any, company: Any, in_one_window: bool) -> None:
    orders = [_order(ingest, 1, 1, "tea"), _order(ingest, 72, 2, "cup"), _order(ingest, 200, 1, "jug")]
    company.pos[:] = orders
    windows = [(0, 24), (48, 96), (150, 240)]
    _fetch(ingest, *([(0, 240)] if in_one_window else reversed(windows)))
    written = ingest.everything()
    assert len(ingest.order_ids()) == 3
    company.pos[:] = reversed(orders)
    _fetch(ingest, *windows, (0, 240))
    assert ingest.everything() == written
    assert ingest.rows("select count(*) from ops.vanished_orders") == [(0,)]


def test_a_page_of_reused_ids_is_not_taken_for_one_that_came_before(ingest: Any, company: Any) -> None:
    company.shape, company.largest_page = "list", 2
    company.pos[:] = [
        {**_order(ingest, hour + number, customer), "order_id": str(number)}
        for hour, customer in ((1, 1), (72, 2), (144, 3))
        for number in (1, 2)
    ]
    ingest.client_settings = {"page_orders": 2}
    _fetch(ingest, (0, 240))
    assert (len(ingest.order_ids()), ingest.items_accounted_for()) == (6, 6)


def test_an_id_that_thousands_of_orders_share_loses_none_of_them(ingest: Any, company: Any) -> None:
    company.largest_page = 5000
    company.pos[:] = [_order(ingest, number, number, f"p{number}") for number in range(2000)]
    ingest.client_settings = {"page_orders": 5000}
    _fetch(ingest, (0, 2000))
    written = ingest.everything()
    assert ingest.items_accounted_for() == len(ingest.order_ids()) == 2000
    _fetch(ingest, (0, 2000))
    assert ingest.everything() == written


def test_an_order_of_somebody_erased_is_found_by_the_id_as_sent(ingest: Any, company: Any) -> None:
    _sell(ingest, company, _order(ingest, 1, 1, "tea"), _order(ingest, 72, 2, "cup"))
    ingest.execute("select identity.forget(array(select user_id from raw.company__orders where order_id <> '7'))")
    erased = ingest.rows("select user_id is null from raw.company__orders where order_number = '7' order by ordered_at")
    assert erased == [(False,), (True,)]


def test_each_order_of_a_reused_id_has_events_of_its_own(ingest: Any, company: Any) -> None:
    now = (datetime.now(UTC) - ingest.start) / timedelta(hours=1)
    company.pos[:] = [_order(ingest, now - 4, 1, "tea"), _order(ingest, now - 2, 2, "tea", "cup", total=20.0)]
    company.pos[1]["items"][0]["id"] = "jug"
    _fetch(ingest, (now - 5, now))
    events = "select count(*), count(distinct event_id), count(distinct session_id) from events.outbox"
    assert ingest.rows(events) == [(3, 3, 2)]


def test_a_reused_id_is_reported_and_an_ordinary_one_is_not(ingest: Any, company: Any) -> None:
    suite = read_suite(SUITES / "raw_orders_outliers.json")
    outcomes = []
    for orders in ([_order(ingest, 1, 1)], [_order(ingest, 1, 1), _order(ingest, 72, 2)]):
        _sell(ingest, company, *orders)
        (validation,) = validate([suite], ingest.url, "test", datetime.now(UTC))
        outcomes.append(
            "order_ids_name_one_order" in {check.check for check in validation.checks if not check.has_passed}
        )
    assert outcomes == [False, True]


def test_a_warehouse_from_before_knows_its_orders_by_the_id_as_sent(ingest: Any, company: Any) -> None:
    _sell(ingest, company, _order(ingest, 1, 1), _order(ingest, 72, 2, order_id="8", status="teleported"))
    ingest.execute("alter table raw.company__orders drop column order_number")
    ingest.execute("alter table raw.company__rejects drop column order_number")
    migrate(ingest.url)
    _sell(ingest, company, _order(ingest, 1, 1), _order(ingest, 72, 2), _order(ingest, 72, 2, order_id="8"))
    assert ingest.order_ids() == ["7", f"7~{_REUSED}", "8"]
    assert ingest.items_accounted_for() == 3


_DOUBTS = "select order_id, doubts from raw.company__orders order by order_id"
_REPLACED = ["replaces_another_order"]


@pytest.mark.parametrize("windows", [((0, 24),), ((0, 24), (0, 24))], ids=["one fetch", "fetched again"])
@pytest.mark.parametrize("apart", [0.0, 0.5 / 3600, -0.5 / 3600], ids=["same moment", "later", "earlier"])
def test_two_orders_of_one_id_in_the_same_second_are_reported(
    ingest: Any, company: Any, windows: tuple[tuple[float, float], ...], apart: float
) -> None:
    company.pos[:] = [_order(ingest, 1, 1, "tea"), _order(ingest, 1 + apart, 2, "cup", updated_at=_REUSED)]
    _fetch(ingest, *windows)
    assert ingest.rows(_DOUBTS) == [("7", _REPLACED)]
    assert dict(ingest.rows(_ITEMS)) == {"7": ["cup"]}
    suite = read_suite(SUITES / "raw_orders_outliers.json")
    [failed] = [
        check for check in validate([suite], ingest.url, "run", datetime.now(UTC))[0].checks if not check.has_passed
    ]
    assert "order id 7" in failed.observed["partial_unexpected_list"][0]


def test_an_order_that_replaces_a_stored_one_of_the_same_second_is_reported(ingest: Any, company: Any) -> None:
    _sell(ingest, company, _order(ingest, 1, 1, "tea"))
    _sell(ingest, company, _order(ingest, 1, 2, "cup", updated_at=_REUSED))
    assert ingest.rows(_DOUBTS) == [("7", _REPLACED)]
    _sell(ingest, company, _order(ingest, 1, 2, "cup", updated_at=_REUSED))
    assert ingest.rows(_DOUBTS) == [("7", _REPLACED)]


@pytest.mark.parametrize("customer", [1, None], ids=["a person", "a walk-in"])
@pytest.mark.parametrize("updated_at", [_REUSED, None], ids=["with a stamp", "without"])
@pytest.mark.parametrize("products", [["tea", "cup"], ["tea", "cup", "tea"], ["tea", "cup", "jar", "mug"]], ids=len)
def test_an_order_that_comes_in_parts_is_reported(
    ingest: Any, company: Any, customer: int | None, updated_at: str | None, products: list[str]
) -> None:
    """As an answer has it that joins orders to their items: one record per item."""
    _sell(ingest, company, *(_order(ingest, 1, customer, product, updated_at=updated_at) for product in products))
    assert ingest.rows(_DOUBTS) == [("7", ["came_in_parts"])]


@pytest.mark.parametrize(
    ("products", "changes"),
    [
        (["tea"], {}),
        (["tea", "cup"], {}),
        (["cup"], {"updated_at": "2026-01-02T00:00:00Z"}),
        (["tea"], {"items": []}),
    ],
    ids=["the same again", "a product in common", "an edit", "no items"],
)
def test_an_order_that_comes_again_does_not_come_in_parts(
    ingest: Any, company: Any, products: list[str], changes: dict[str, Any]
) -> None:
    sent = [
        _order(ingest, 1, 1, "tea", updated_at=_REUSED),
        _order(ingest, 1, 1, *products, **{"updated_at": _REUSED, **changes}),
    ]
    _sell(ingest, company, *sent)
    assert ingest.rows(_DOUBTS) == [("7", [])]


@pytest.mark.parametrize(
    ("customer", "products", "changes"),
    [
        (1, ["cup"], {}),
        (2, ["tea"], {}),
        (2, ["cup", "tea"], {}),
        (None, ["cup"], {}),
        (1, ["tea"], {"status": "cancelled"}),
        (2, ["cup"], {"status": "teleported"}),
    ],
    ids=["other products", "another person", "an item in common", "a walk-in", "a cancellation", "a refused version"],
)
def test_an_edit_in_the_same_second_is_no_other_order(
    ingest: Any, company: Any, customer: int | None, products: list[str], changes: dict[str, Any]
) -> None:
    edited = _order(ingest, 1, customer, *products, updated_at=_REUSED, **changes)
    _sell(ingest, company, _order(ingest, 1, 1, "tea"), edited)
    _sell(ingest, company, edited)
    assert ingest.rows(_DOUBTS) == [("7", [])]
