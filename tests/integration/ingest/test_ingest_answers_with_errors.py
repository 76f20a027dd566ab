"""Answers with status 200 that name an error, or cannot be read in part."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aisle.errors import AisleError, CompanyApiUnavailable, ContractBroken
from tests.integration.ingest.scripted_company import scripted, states

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
