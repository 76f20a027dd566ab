"""One impossible value costs its order or its item: the window is proven, and nothing later has to stop for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


def _item(**changes: Any) -> dict[str, Any]:
    return {"id": "P1", "quantity": 1, "price": 1.0, **changes}


def impossible_orders() -> dict[str, dict[str, Any]]:
    """Changes that make an order impossible, by what is wrong with it."""
    return {
        "epoch": {"order_date": "1970-01-01T00:00:00Z"},
        "future": {"order_date": "2062-01-01T00:00:00Z"},
        "year one": {"order_date": "0001-01-01T00:00:00+05:00"},
        "year ten thousand": {"order_date": "9999-12-31T23:59:59-05:00"},
        "no zone": {"order_date": "2026-01-01T02:00:00"},
        "order id": {"order_id": "Z" * 300},
        "huge order id": {"order_id": "Z" * 100_000},
        "total": {"total": 9999999999.999},
        "price as words": {"items": [_item(price="ten")]},
    }


def impossible_items() -> dict[str, dict[str, Any]]:
    return {
        "product id": _item(id="p" * 300),
        "huge product id": _item(id="p" * 100_000),
        "price": _item(price=9999999999.99999),
        "base price": _item(base_price=1e18),
        "quantity": _item(quantity=1e11),
        "tiny price": _item(price=0.00001),
    }


@pytest.mark.parametrize("kind", impossible_orders())
def test_an_impossible_order_is_one_reject_and_the_others_are_loaded(ingest: Any, company: Any, kind: str) -> None:
    company.sell(3)
    company.pos[1] = {**company.pos[1], **impossible_orders()[kind]}
    company.answer_with(_page(company))
    ingest.run(24)
    assert ingest.order_ids() == ["A0000", "A0002"]
    assert ingest.rows("select count(*) from raw.company__rejects where line_number is null") == [(1,)]
    assert ingest.watermark_hours() == 24


@pytest.mark.parametrize("kind", impossible_items())
def test_an_impossible_item_is_one_reject_and_its_order_is_loaded(ingest: Any, company: Any, kind: str) -> None:
    company.sell(3)
    company.pos[1]["items"].append(impossible_items()[kind])
    ingest.run(24)
    assert ingest.order_ids() == ["A0000", "A0001", "A0002"]
    assert ingest.rows("select order_id, line_number from raw.company__rejects") == [("A0001", 3)]
    assert ingest.items_accounted_for() == 7


def test_texts_of_a_megabyte_do_not_stop_the_window(ingest: Any, company: Any) -> None:
    company.sell(2)
    company.pos[0] |= {"city": "x" * 1_000_000, "customer": {"id": "c" * 1_000_000, "name": "n" * 1_000_000}}
    company.pos[0]["items"][0] |= {"title": "t" * 1_000_000, "category": "k" * 1_000_000}
    ingest.run(24)
    assert ingest.order_ids() == ["A0000", "A0001"]


def test_numbers_as_text_and_ids_as_numbers_are_loaded(ingest: Any, company: Any) -> None:
    company.sell(2)
    company.pos[0] |= {
        "order_id": 1234567890123456789,
        "total": "30.00",
        "items": [{"id": 9007199254740993, "quantity": "2", "price": "10.00"}],
    }
    ingest.run(24)
    assert ingest.rows("select order_id, total_amount from raw.company__orders where total_amount is not null") == [
        ("1234567890123456789", 30),
        ("A0001", 30),
    ]
    assert ingest.rows("select product_id, quantity, unit_price from raw.company__order_items order by 1 limit 1") == [
        ("9007199254740993", 2, 10)
    ]


@pytest.mark.parametrize("stamp", ["2090-01-01T00:00:00Z", "9999-12-31T23:59:59-05:00", "2027-12-31T00:00:00+14:00"])
def test_a_version_stamped_in_the_future_does_not_hide_later_ones(ingest: Any, company: Any, stamp: str) -> None:
    company.sell(3)
    company.edit(1, city="Quetta", updated_at=stamp)
    ingest.run(24)
    assert ingest.rows("select city, updated_at, doubts from raw.company__orders where order_id = 'A0001'") == [
        ("Quetta", None, ["updated_at_is_impossible"])
    ]
    company.edit(1, status="cancelled", updated_at=(ingest.start + timedelta(days=2)).isoformat())
    ingest.run(25)
    assert ingest.rows("select status, doubts from raw.company__orders where order_id = 'A0001'") == [("cancelled", [])]


def test_a_future_stamp_of_an_older_warehouse_does_not_hide_later_versions_either(ingest: Any, company: Any) -> None:
    company.sell(3)
    ingest.run(24)
    ingest.execute("update raw.company__orders set updated_at = '2090-01-01', content_hash = 'old'")
    company.edit(1, status="cancelled")
    ingest.run(25)
    assert ingest.rows("select status from raw.company__orders where order_id = 'A0001'") == [("cancelled",)]


def test_an_answer_that_says_nothing_new_writes_nothing_whatever_moves_in_it(ingest: Any, company: Any) -> None:
    company.sell(5)
    company.pos[4]["status"] = "lost"
    ingest.run(24)
    written = ingest.everything()
    company.pos[:] = [
        {"fetched_at": number, **dict(reversed(list(order.items()))), "total": "30.0"}
        for number, order in enumerate(company.pos)
    ]
    assert ingest.run(25).total.orders_changed == 1  # the rejected order, whose changes are unknown
    assert ingest.everything()[:2] == written[:2]


def test_a_later_stamp_alone_is_no_change_but_is_remembered(ingest: Any, company: Any) -> None:
    company.sell(3)
    ingest.run(24)
    company.edit(1)
    assert ingest.run(25).total.orders_changed == 0
    company.edit(1, city="Quetta", updated_at=(ingest.start + timedelta(days=5)).isoformat())
    assert ingest.run(26).total.orders_changed == 0


def _page(company: Any) -> bytes:
    """Everything the point of sale has, whatever time was asked for: an impossible one lies in no window."""
    import json

    return json.dumps({"data": company.pos, "next_cursor": None}).encode()


def test_ids_keep_the_shop_s_spelling_and_the_first_one_names_the_product(ingest: Any, company: Any) -> None:
    company.sell(3)
    for number, spelling in enumerate(["5f1e0c9a-Tea", "5F1E0C9A-TEA", "5f1e0c9a-tea"]):
        company.pos[number]["items"] = [_item(id=spelling)]
    ingest.run(24)
    assert ingest.rows("select product_id from raw.company__order_items order by order_id") == [
        ("5f1e0c9a-Tea",),
        ("5F1E0C9A-TEA",),
        ("5f1e0c9a-tea",),
    ]
    company.edit(0, items=[_item(id="5f1e0c9a-TEA")])
    ingest.run(25)
    spellings = ingest.rows("select product_key, product_id from raw.company__product_spellings")
    assert spellings == [("5F1E0C9A-TEA", "5f1e0c9a-Tea")]


def test_a_warehouse_from_before_spellings_learns_them_from_the_next_order(ingest: Any, company: Any) -> None:
    from aisle.warehouse import migrate

    company.sell(2)
    ingest.run(24)
    ingest.execute(
        "alter table raw.company__order_items drop column product_key; drop table raw.company__product_spellings;"
        "update raw.company__order_items set product_id = upper(product_id); update raw.company__orders set"
        " content_hash = 'of an older mapping'"
    )
    migrate(ingest.url)
    assert ingest.rows("select distinct product_key from raw.company__order_items where product_id = 'P1'") == [("P1",)]
    ingest.run(25)
    assert ingest.rows("select product_id from raw.company__product_spellings where product_key = 'P1'") == [("p1",)]
