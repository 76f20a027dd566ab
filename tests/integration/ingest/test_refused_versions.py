"""A version that cannot be read leaves the good one standing: marked, with the refused one stored beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

_MARKS = "select order_id, refused_reason from raw.company__orders where refused_at is not null order by order_id"
_REFUSALS = """
select reason, status, n_orders, n_order_items, n_orders_standing from raw.company__refusals
order by reason, status nulls last
"""


def _unreadable_versions() -> dict[str, dict[str, Any]]:
    return {
        "unknown_status": {"status": "fulfilled"},
        "malformed_order": {"items": [{"id": "P1", "quantity": {"n": 2}, "price": 1}, {"id": "P2"}]},
        "missing_quantity": {"items": [{"id": "P1", "qty": 2, "price": 1}, {"id": "P2", "qty": 1, "price": 2}]},
        "missing_price": {"items": [{"id": "P1", "quantity": 2}]},
        "negative_quantity": {"items": [{"id": "P1", "quantity": -2, "price": 1}]},
    }


@pytest.mark.parametrize("reason", _unreadable_versions())
def test_a_good_version_outlives_one_that_cannot_be_read_and_is_marked(ingest: Any, company: Any, reason: str) -> None:
    company.sell(3)
    ingest.run(24)
    before = ingest.rows(
        "select order_id, line_number, product_id, quantity from raw.company__order_items order by 1, 2"
    )
    company.edit(1, **_unreadable_versions()[reason])
    ingest.run(25)
    assert (
        ingest.rows("select order_id, line_number, product_id, quantity from raw.company__order_items order by 1, 2")
        == before
    )
    assert ingest.rows(_MARKS) == [("A0001", reason)]
    assert {row[0] for row in ingest.rows("select reason from raw.company__rejects where order_id = 'A0001'")} == {
        reason
    }


def test_a_version_refused_again_and_again_is_written_once(ingest: Any, company: Any) -> None:
    company.sell(3)
    ingest.run(24)
    company.edit(1, status="fulfilled")
    company.edit(2, items=[{"id": "P1", "qty": 1, "price": 1}])
    assert ingest.run(25).total.orders_changed == 2
    written = ingest.everything()
    assert ingest.run(26).total.orders_changed == 0
    assert ingest.everything() == written


def test_a_later_good_version_clears_the_mark_and_the_refusal(ingest: Any, company: Any) -> None:
    company.sell(3)
    ingest.run(24)
    company.edit(1, status="fulfilled")
    ingest.run(25)
    company.edit(1, status="cancelled", updated_at=(ingest.start + timedelta(days=31)).isoformat())
    ingest.run(26)
    assert ingest.rows(_MARKS) == []
    assert ingest.rows("select count(*) from raw.company__rejects") == [(0,)]
    assert ingest.rows("select status from raw.company__orders where order_id = 'A0001'") == [("cancelled",)]


def test_the_same_good_version_that_comes_back_clears_the_mark(ingest: Any, company: Any) -> None:
    company.sell(3)
    ingest.run(24)
    company.edit(1, status="fulfilled", updated_at=None)
    ingest.run(25)
    assert ingest.rows(_MARKS) == [("A0001", "unknown_status")]
    company.sell(3)
    ingest.run(26)
    assert ingest.rows(_MARKS) == []
    assert ingest.rows("select count(*) from raw.company__rejects") == [(0,)]


def test_of_a_good_and_a_newer_unreadable_version_in_one_window_both_are_kept(ingest: Any, company: Any) -> None:
    company.sell(3)
    newer = {**company.pos[1], "status": "fulfilled", "updated_at": (ingest.start + timedelta(days=3)).isoformat()}
    company.pos.insert(2, newer)
    ingest.run(24)
    assert ingest.order_ids() == ["A0000", "A0001", "A0002"]
    assert ingest.rows(_MARKS) == [("A0001", "unknown_status")]
    written = ingest.everything()
    assert ingest.run(25).total.orders_changed == 0
    assert ingest.everything() == written


def test_an_unreadable_version_older_than_the_stored_one_is_not_reported(ingest: Any, company: Any) -> None:
    company.sell(3)
    ingest.run(24)
    company.edit(1, status="fulfilled", updated_at=(ingest.start - timedelta(days=3)).isoformat())
    assert ingest.run(25).total.orders_changed == 0
    assert ingest.rows(_MARKS) == []


def test_rejected_order_items_of_the_standing_version_stay_beside_the_refused_one(ingest: Any, company: Any) -> None:
    company.sell(3)
    company.pos[1]["items"][1]["price"] = -1
    ingest.run(24)
    company.pos[1] = {**company.pos[1], "status": "fulfilled"}
    ingest.run(25)
    rejects = ingest.rows("select line_number, n_lines, reason from raw.company__rejects order by 1 nulls last")
    assert rejects == [(2, 1, "negative_price"), (None, 2, "unknown_status")]


def test_refusals_are_counted_by_reason_and_status_word(ingest: Any, company: Any) -> None:
    company.sell(6)
    ingest.run(24)
    company.edit(1, status="Fulfilled ")
    company.edit(2, status="fulfilled")
    company.edit(3, status="parked")
    company.pos.append({**company.pos[0], "order_id": "NEW", "status": "parked"})
    company.edit(4, items=[{"id": "P1", "quantity": 1, "price": -1}, {"id": "P2", "quantity": 1, "price": 1}])
    ingest.run(25)
    assert ingest.rows(_REFUSALS) == [
        ("negative_price", "completed", 1, 1, 0),
        ("unknown_status", "fulfilled", 2, 4, 2),
        ("unknown_status", "parked", 2, 4, 1),
    ]


def test_a_source_whose_status_words_change_keeps_its_orders(ingest: Any, company: Any) -> None:
    company.sell(50)
    ingest.run(72)
    for number in range(0, 50, 2):
        company.edit(number, status="fulfilled")
    ingest.run(73, overlap_hours=80)
    assert len(ingest.order_ids()) == 50
    assert len(ingest.rows(_MARKS)) == 25
