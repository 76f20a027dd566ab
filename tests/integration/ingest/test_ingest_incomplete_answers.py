"""What an answer says about its own completeness is weighed: a window is proven only when nothing contradicts it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisle.errors import CompanyApiUnavailable, WindowNotWhole
from tests.integration.ingest.scripted_company import scripted, send, states

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


def test_the_members_that_say_nothing_about_a_window_can_be_named(ingest: Any, company: Any, client: Any) -> None:
    company.sell(3)
    scripted(company, lambda query: {"data": company.pos, "next_cursor": None, "total": 1_000_000})
    with pytest.raises(WindowNotWhole):
        ingest.run(24)
    ingest.client_settings["ignored_members"] = ["total"]
    ingest.run(24)
    assert len(ingest.order_ids()) == 3
