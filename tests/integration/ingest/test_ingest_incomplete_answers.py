"""What an answer says about its own completeness is weighed: a window is proven only when nothing contradicts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from aisle.errors import AisleError, CompanyApiUnavailable, ContractBroken, WindowNotWhole
from tests.integration.ingest.scripted_company import send

Answers = Callable[[dict[str, str]], Any]


def scripted(company: Any, answer: Answers) -> None:
    """Let the company answer every request with what `answer` makes of its query."""
    company.answer = lambda path, query: json.dumps(answer(query)).encode()


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


def states(ingest: Any) -> list[tuple[str, int]]:
    windows: list[tuple[str, int]] = ingest.rows("select state, orders from ops.ingest_windows order by window_start")
    return windows


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


#: Members beside 12 orders of a last page, and what the message says of them.
CONTRADICTIONS = [
    ({"total": 30}, "`total` is 30"),
    ({"total_count": "30"}, "`total_count` is 30"),
    ({"totalResults": 13}, "`totalResults` is 13"),
    ({"meta": {"total": 30}}, "`total` is 30"),
    ({"pagination": {"totalItems": 11}}, "`totalItems` is 11"),
    ({"count": 50}, "`count` is 50"),
    ({"has_more": True}, "`has_more` says that more follow"),
    ({"paging": {"hasNextPage": True}}, "`hasNextPage` says that more follow"),
    ({"next": "https://orders.example/page/2"}, "`next` says that more follow"),
    ({"total_pages": 3}, "`total_pages` is 3"),
    ({"meta": {"pagination": {"total": 30, "count": 12}}}, "`total` is 30"),
    ({"data_info": 1, "pageInfo": {"cursors": {"page": {"totalElements": 30}}}, "count": 30}, "`count` is 30"),
    ({"links": {"next": "https://orders.example/?page=2"}}, "`next` says that more follow"),
    ({"_links": {"next": {"href": "https://orders.example/?page=2"}}}, "`next` says that more follow"),
    ({"@odata.nextLink": "https://orders.example/?skip=12"}, "`@odata.nextLink` says that more follow"),
    ({"@odata.count": 30}, "`@odata.count` is 30"),
    ({"nextCursor": "b"}, "`nextCursor` says that more follow"),
    ({"next_page_token": "b"}, "`next_page_token` says that more follow"),
    ({"meta": {"next_cursor": "b"}}, "`next_cursor` says that more follow"),
    ({"paging": {"nextToken": {"key": 17}}}, "`nextToken` says that more follow"),
    ({"truncated": True}, "`truncated`"),
    ({"complete": False}, "`complete`"),
]


@pytest.mark.parametrize(("members", "said"), CONTRADICTIONS, ids=lambda case: json.dumps(case)[:40])
def test_an_answer_that_contradicts_its_own_completeness_proves_nothing(
    ingest: Any, company: Any, members: dict[str, Any], said: str
) -> None:
    company.sell(12)
    scripted(company, lambda query: {"data": company.pos, "next_cursor": None, **members})
    with pytest.raises(WindowNotWhole) as raised:
        ingest.run(24)
    assert said in str(raised.value)
    assert ingest.watermark_hours() == 0


#: Members beside the same 12 orders that say nothing against them.
AGREEMENTS: list[dict[str, Any]] = [
    {"total": 12},
    {"total": "12", "count": 12, "has_more": False},
    {"meta": {"total": 12, "total_pages": 1, "page": 1}, "errors": [], "error": None, "warnings": []},
    {"pagination": {"hasNextPage": False, "next": None}, "success": True, "complete": True},
    {"warnings": ["the parameter limit will be renamed"]},
    {"total": None, "has_more": None},
    {"meta": {"pagination": {"total": 12, "count": 12, "total_pages": 1, "links": {"next": None}}}},
    {"links": {"self": "https://orders.example/?page=1", "next": None, "last": "https://orders.example/?page=1"}},
    {"_links": {"self": {"href": "https://orders.example/"}, "next": {"href": None}}, "@odata.count": 12},
    {"nextCursor": None, "next_page_token": "", "meta": {"next_cursor": "None"}, "paging": {"nextToken": {}}},
    {"next_offset": 12},
    {"links": [{"url": "https://orders.example/?page=1"}], "link": "https://orders.example/"},
]


@pytest.mark.parametrize("members", AGREEMENTS, ids=json.dumps)
def test_an_answer_that_agrees_with_itself_is_proven(ingest: Any, company: Any, members: dict[str, Any]) -> None:
    company.sell(12)
    scripted(company, lambda query: {"data": company.pos, "next_cursor": None, **members})
    ingest.run(24)
    assert states(ingest) == [("proven", 12)]


def test_a_count_may_be_of_the_page_or_of_the_window(ingest: Any, company: Any) -> None:
    company.sell(5)
    pages = {"": (company.pos[:3], "b"), "b": (company.pos[3:], None)}

    def answer(query: dict[str, str]) -> Any:
        data, following = pages[query.get("cursor", "")]
        return {"data": data, "next_cursor": following, "count": len(data), "total": 5}

    scripted(company, answer)
    ingest.run(24)
    assert states(ingest) == [("proven", 5)]


def test_a_middle_page_shorter_than_its_own_count_proves_nothing(ingest: Any, company: Any) -> None:
    company.sell(5)
    pages = {"": (company.pos[:2], "b"), "b": (company.pos[3:], None)}

    def answer(query: dict[str, str]) -> Any:
        data, following = pages[query.get("cursor", "")]
        return {"data": data, "next_cursor": following, "count": 3 if following else 2}

    scripted(company, answer)
    with pytest.raises(WindowNotWhole, match="`count` is 3"):
        ingest.run(24)


def headed(company: Any, body: Any, headers: dict[str, str]) -> None:
    """Let the company answer whatever page is asked for with this body under these headers."""
    content = json.dumps(body).encode()
    company.misbehaviours += [lambda handler, _: send(handler, 200, content, **headers)] * 100


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"X_Total_Count": "9"}, "`X-Total-Count` is 9"),
        ({"X_Total": "9"}, "`X-Total` is 9"),
        ({"X_Total_Pages": "3"}, "`X-Total-Pages` is 3"),
        ({"X_Next_Page": "2"}, "`X-Next-Page` says that more follow"),
        ({"Content_Range": "orders 0-2/9"}, "`Content-Range` is 9"),
        ({"Link": '<https://orders.example/?page_info=b>; rel="next"'}, "`Link` says that more follow"),
        ({"Link": '<https://a.example>; rel="prev", <https://b.example>; title="x"; REL=next'}, "`Link` says"),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_envelope", [False, True], ids=["list", "envelope"])
def test_what_the_head_of_an_answer_says_of_its_completeness_is_weighed(
    ingest: Any, company: Any, headers: dict[str, str], said: str, is_envelope: bool
) -> None:
    company.sell(3)
    headed(company, {"data": company.pos} if is_envelope else company.pos, headers)
    with pytest.raises((WindowNotWhole, CompanyApiUnavailable), match=said if is_envelope else ""):
        ingest.run(24)
    assert ingest.watermark_hours() == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Total_Count": "3", "X_Total": "3", "X_Total_Pages": "1", "X_Next_Page": ""},
        {"Content_Range": "orders 0-2/3"},
        {"Content_Range": "orders 0-2/*"},
        {"Link": '<https://orders.example/style.css>; rel=preload; as="next"'},
        {"Link": '<https://orders.example/?page=0>; rel="prev", <https://orders.example/next>; rel="first"'},
    ],
    ids=str,
)
def test_a_head_that_agrees_with_its_answer_is_no_contradiction(
    ingest: Any, company: Any, headers: dict[str, str]
) -> None:
    company.sell(3)
    headed(company, {"data": company.pos, "next_cursor": None}, headers)
    ingest.run(24)
    assert states(ingest) == [("proven", 3)]


def test_a_link_that_leads_to_no_next_page_does_not_end_a_window(ingest: Any, company: Any) -> None:
    company.sell(4)
    pages = {1: company.pos[:2], 2: company.pos[2:]}
    scripted(company, lambda query: {"data": pages.get(int(query.get("page", 1)), [])})
    company.misbehaviours += [lambda handler, body: send(handler, 200, body, Link="<https://a.example>; rel=icon")] * 9
    ingest.run(24)
    assert states(ingest) == [("proven", 4)]


FAILURES = [
    {"data": [], "next_cursor": None, "errors": [{"message": "order service timed out"}]},
    {"data": [], "next_cursor": None, "error": "order service timed out"},
    {"data": [], "error": {"code": 17, "detail": "order service timed out"}},
    {"errors": ["order service timed out"]},
    {"data": None, "message": "order service timed out"},
    {"data": [], "next_cursor": None, "success": False, "message": "order service timed out"},
    {"data": [], "next_cursor": None, "status": "error", "message": "order service timed out"},
    {"data": [], "next_cursor": None, "warnings": ["partial result: order service timed out"]},
]


@pytest.mark.parametrize("body", FAILURES, ids=json.dumps)
def test_an_answer_that_names_an_error_under_status_200_is_asked_for_again_and_then_stops(
    ingest: Any, company: Any, body: dict[str, Any]
) -> None:
    company.sell(3)
    company.answer_with(json.dumps(body).encode(), times=3)
    with pytest.raises(CompanyApiUnavailable, match="order service timed out"):
        ingest.run(24)
    assert states(ingest) == [("failed", 0)]
    ingest.run(24)
    assert len(ingest.order_ids()) == 3


#: Members of an envelope that is no valid JSON in a place that is none of the orders', and what they say.
BROKEN_MEMBERS = [
    b'"took": 1e999',
    b'"took": ' + b"1" * 5000,
    b'"message": "caf\xe9"',
    b'"total": ' + b"9" * 5000,
    b'"error": null, "note": "\xff"',
]


@pytest.mark.parametrize("member", BROKEN_MEMBERS, ids=lambda member: member[:20].decode(errors="replace"))
def test_a_member_of_the_envelope_that_cannot_be_read_costs_nothing(ingest: Any, company: Any, member: bytes) -> None:
    company.sell(3)
    company.answer = lambda *_: b'{"data": %b, "next_cursor": null, %b}' % (json.dumps(company.pos).encode(), member)
    ingest.run(24)
    assert states(ingest) == [("proven", 3)]


def test_an_error_in_broken_text_is_an_error(ingest: Any, company: Any) -> None:
    company.answer = lambda *_: b'{"data": [], "next_cursor": null, "error": "nicht verf\xfcgbar"}'
    with pytest.raises(CompanyApiUnavailable, match="`error` is “nicht verf"):
        ingest.run(24)


def test_a_cursor_in_broken_text_breaks_the_contract(ingest: Any, company: Any) -> None:
    company.answer = lambda *_: b'{"data": [{"order_id": "1"}], "next_cursor": "\xff"}'
    with pytest.raises(ContractBroken, match="`next_cursor` is"):
        ingest.run(24)


NO_ERRORS = [
    {"error": {"code": 0, "message": "success"}},
    {"error": {"code": 0, "message": ""}},
    {"error_message": "Success"},
    {"errors": ["none"]},
    {"error": "0"},
    {"errors": [None]},
    {"errors": [{}, []]},
    {"error": {"code": None, "message": None}},
    {"error": {"errors": [], "has_error": False}},
    {"error": " "},
    {"error": "null"},
    {"errors": "No errors."},
    {"errorMessage": "-"},
]

ERRORS = [
    {"error": {"code": 17}},
    {"error": {"code": 17, "message": None}},
    {"errors": [None, "timeout"]},
    {"errors": [{"where": "shard 3"}]},
    {"error": True},
    {"error": {"nested": {"deeper": [{"reason": "down"}]}}},
]


@pytest.mark.parametrize("members", NO_ERRORS, ids=json.dumps)
def test_an_error_that_says_there_is_none_is_no_error(ingest: Any, company: Any, members: dict[str, Any]) -> None:
    company.sell(3)
    scripted(company, lambda query: {"data": company.pos, "next_cursor": None, **members})
    ingest.run(24)
    assert states(ingest) == [("proven", 3)]


@pytest.mark.parametrize("members", ERRORS, ids=json.dumps)
def test_an_error_in_whatever_form_proves_nothing(ingest: Any, company: Any, members: dict[str, Any]) -> None:
    company.sell(3)
    scripted(company, lambda query: {"data": company.pos, "next_cursor": None, **members})
    with pytest.raises(CompanyApiUnavailable, match=r"`errors?` is"):
        ingest.run(24)


def test_no_data_is_an_empty_page_only_where_the_answer_says_so(ingest: Any, company: Any) -> None:
    scripted(company, lambda query: {"data": None, "next_cursor": None, "total": 0})
    ingest.run(24)
    assert states(ingest) == [("proven", 0)]
    scripted(company, lambda query: {"data": None, "next_cursor": None})
    with pytest.raises(AisleError, match="`data` is null"):
        ingest.run(48)


def test_the_members_that_say_nothing_about_a_window_can_be_named(ingest: Any, company: Any, client: Any) -> None:
    company.sell(3)
    scripted(company, lambda query: {"data": company.pos, "next_cursor": None, "total": 1_000_000})
    with pytest.raises(WindowNotWhole):
        ingest.run(24)
    ingest.client_settings["ignored_members"] = ["total"]
    ingest.run(24)
    assert len(ingest.order_ids()) == 3
