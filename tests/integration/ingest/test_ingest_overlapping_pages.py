"""Pages that overlap may have skipped orders: their window is read again in smaller parts."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from aisle.errors import WindowNotWhole
from tests.integration.ingest.scripted_company import Answers, scripted, states


def within(company: Any, query: dict[str, str]) -> list[Any]:
    start, end = datetime.fromisoformat(query["start_date"]), datetime.fromisoformat(query["end_date"])
    return [order for order in company.pos if start <= datetime.fromisoformat(order["order_date"]) < end]


def overlapping(company: Any, largest_page: int, first_overlap: int = 1) -> Answers:
    """Offset paging whose second page begins too early and skips as many orders, as ties sorted anew do."""

    def answer(query: dict[str, str]) -> Any:
        orders, page = within(company, query), int(query.get("page", 1))
        first = (page - 1) * largest_page
        shown = orders[first : first + largest_page]
        if page == 2 and shown:
            return [*orders[first - first_overlap : first], *shown[first_overlap:]]
        return shown

    return answer


@pytest.mark.parametrize("n_repeats", [1, 25])
def test_a_window_whose_pages_overlap_is_read_again_in_smaller_parts_until_nothing_is_missing(
    ingest: Any, company: Any, n_repeats: int
) -> None:
    company.sell(100)
    scripted(company, overlapping(company, 50, n_repeats))
    pulled = ingest.run(100)
    assert ingest.order_ids() == [order["order_id"] for order in company.pos]
    assert states(ingest) == [("proven", 100)]
    assert pulled.total.repeated_orders == n_repeats
    assert ingest.watermark_hours() == 100


def test_a_last_page_that_only_repeats_is_an_overlap_like_any_other(ingest: Any, company: Any) -> None:
    company.sell(75)
    scripted(company, overlapping(company, 50, 25))
    assert ingest.run(75).total.repeated_orders == 25
    assert ingest.order_ids() == [order["order_id"] for order in company.pos]
    assert states(ingest) == [("proven", 75)]


def test_pages_that_overlap_by_cursor_are_noticed_too(ingest: Any, company: Any) -> None:
    company.sell(6)

    def answer(query: dict[str, str]) -> Any:
        orders = within(company, query)
        if len(orders) < 6:
            return {"data": orders, "next_cursor": None}
        pages = {"": (orders[:3], "b"), "b": ([orders[2], *orders[4:]], None)}
        data, following = pages[query.get("cursor", "")]
        return {"data": data, "next_cursor": following}

    scripted(company, answer)
    ingest.run(24)
    assert len(ingest.order_ids()) == 6


def test_pages_that_overlap_however_often_they_are_read_are_never_proven(ingest: Any, company: Any) -> None:
    company.sell(100)
    pages = {1: company.pos[:50], 2: company.pos[25:50] + company.pos[75:]}
    scripted(company, lambda query: pages.get(int(query.get("page", 1)), []))
    with pytest.raises(WindowNotWhole, match="page 2 repeats 25 orders of page 1") as raised:
        ingest.run(100)
    assert "75 different orders came" in str(raised.value)
    assert states(ingest)[0][0] == "failed"
    assert ingest.watermark_hours() == 0
    assert len(company.requests) <= 3 * (1 + 2 * 8)


def test_an_overlap_that_passes_is_gone_when_the_parts_are_read(ingest: Any, company: Any) -> None:
    company.sell(100)
    company.shape, company.largest_page = "list", 50
    company.behave()
    company.answer_with(json.dumps(company.pos[49:99]).encode())
    ingest.run(100)
    assert states(ingest) == [("proven", 100)]


def test_an_order_edited_while_its_window_is_paged_is_no_overlap(ingest: Any, company: Any) -> None:
    company.sell(4)
    edited = {**company.pos[0], "updated_at": "2026-01-30T00:00:00Z", "city": "Multan"}
    pages = {"": (company.pos[:2], "b"), "b": ([*company.pos[2:], edited], None)}

    def answer(query: dict[str, str]) -> Any:
        data, following = pages[query.get("cursor", "")]
        return {"data": data, "next_cursor": following}

    scripted(company, answer)
    assert ingest.run(24).total.repeated_orders == 0
    assert len(company.requests) == 2
    assert ingest.rows("select city from raw.company__orders where order_id = 'A0000'") == [("Multan",)]


def test_an_edited_order_may_be_all_that_the_last_page_holds(ingest: Any, company: Any) -> None:
    company.sell(2)
    edited = {**company.pos[0], "updated_at": "2026-01-30T00:00:00Z", "city": "Multan"}
    pages = {"": (company.pos, "b"), "b": ([edited], None)}

    def answer(query: dict[str, str]) -> Any:
        data, following = pages[query.get("cursor", "")]
        return {"data": data, "next_cursor": following}

    scripted(company, answer)
    assert ingest.run(24).total.repeated_orders == 0
    assert ingest.rows("select city from raw.company__orders where order_id = 'A0000'") == [("Multan",)]


def test_repeats_are_no_loss_where_the_promised_total_came(ingest: Any, company: Any) -> None:
    """A cursor that begins with the last order of the page before repeats for ever, and loses nothing."""
    company.sell(4)
    pages = {"": (company.pos[:2], "b"), "b": (company.pos[1:], None)}

    def answer(query: dict[str, str]) -> Any:
        data, following = pages[query.get("cursor", "")]
        return {"data": data, "next_cursor": following, "total": 4}

    scripted(company, answer)
    assert ingest.run(24).total.repeated_orders == 1
    assert states(ingest) == [("proven", 4)]
