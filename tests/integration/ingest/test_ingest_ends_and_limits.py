"""How a window ends, and that nothing can ask, wait or grow without end."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from itertools import count
from typing import Any

import pytest

from aisle.errors import AisleError, CompanyApiUnavailable, ContractBroken
from tests.integration.ingest.scripted_company import send
from tests.integration.ingest.test_ingest_client import ids

TWO = ["A0000", "A0001"]


def enveloped(company: Any, last: dict[str, Any], first: Any = "b") -> None:
    """A first page of one order that leads to a second, whose end is `last`."""
    pages = {"": {"data": company.pos[:1], "next_cursor": first}, str(first): {"data": company.pos[1:2], **last}}
    company.answer = lambda path, query: json.dumps(pages[query.get("cursor", "")]).encode()


@pytest.mark.parametrize(
    "last",
    [{}, *({"next_cursor": end} for end in (None, "", False, 0, 0.0, "null", "None", " false "))],
    ids=json.dumps,
)
def test_a_cursor_that_is_null_absent_or_empty_ends_the_window(company: Any, client: Any, last: dict[str, Any]) -> None:
    company.sell(2)
    enveloped(company, last)
    assert ids(client()) == TWO
    assert len(company.requests) == 2


@pytest.mark.parametrize("last", [{"next_cursor": None}, {"next_cursor": ""}, {"next_cursor": "b"}, {}], ids=json.dumps)
def test_an_empty_page_ends_the_window_also_with_a_cursor_that_does_not_move(
    company: Any, client: Any, last: dict[str, Any]
) -> None:
    company.sell(1)
    enveloped(company, last)
    assert ids(client()) == ["A0000"]
    assert len(company.requests) == 2


@pytest.mark.parametrize("cursor", [17, 12345678901234567890123, 1.5])
def test_a_cursor_may_be_a_number_and_goes_back_as_it_came(company: Any, client: Any, cursor: Any) -> None:
    company.sell(2)
    enveloped(company, {"next_cursor": None}, cursor)
    assert ids(client()) == TWO
    assert company.requests[1][1]["cursor"] == str(cursor)


def test_an_empty_page_with_a_new_cursor_is_followed(company: Any, client: Any) -> None:
    company.sell(2)
    pages = {"": (company.pos[:1], "b"), "b": ([], "c"), "c": (company.pos[1:], None)}

    def answer(path: str, query: dict[str, str]) -> bytes:
        data, following = pages[query.get("cursor", "")]
        return json.dumps({"data": data, "next_cursor": following}).encode()

    company.answer = answer
    assert ids(client()) == TWO


@pytest.mark.parametrize("members", [{}, {"total": 2}, {"has_more": False}, {"meta": {"total_pages": 1}}])
def test_an_envelope_that_never_has_a_cursor_ends_whether_or_not_the_api_knows_page_numbers(
    company: Any, client: Any, members: dict[str, Any]
) -> None:
    company.sell(2)
    company.answer = lambda path, query: json.dumps({"data": company.pos, **members}).encode()
    assert ids(client()) == TWO
    assert len(company.requests) == (1 if members else 2)


def test_a_full_envelope_without_a_cursor_is_not_believed_to_be_all(company: Any, client: Any) -> None:
    company.sell(2)
    company.answer = lambda path, query: json.dumps({"data": company.pos}).encode()
    with pytest.raises(CompanyApiUnavailable, match="orders of an earlier page"):
        ids(client(page_orders=2))


@pytest.mark.parametrize("has_orders", [True, False])
def test_a_cursor_that_always_moves_does_not_ask_without_end(company: Any, client: Any, has_orders: bool) -> None:
    company.sell(1000)
    numbers = count()

    def answer(path: str, query: dict[str, str]) -> bytes:
        number = next(numbers)
        return json.dumps(
            {"data": company.pos[number : number + 1][: int(has_orders)], "next_cursor": number + 7}
        ).encode()

    company.answer = answer
    with pytest.raises(AisleError, match="20 pages"):
        ids(client(max_window_pages=20))
    assert len(company.requests) == 20


def test_a_cursor_of_another_kind_breaks_the_contract(company: Any, client: Any) -> None:
    company.answer_with(b'{"data": [], "next_cursor": {"after": 1}}')
    with pytest.raises(ContractBroken, match="next_cursor"):
        ids(client())


@pytest.mark.parametrize("part", ["head", "body"])
def test_the_time_limit_is_of_the_page_however_steadily_it_drips(company: Any, client: Any, part: str) -> None:
    company.sell(1)
    released = threading.Event()

    def drip(handler: Any, body: bytes) -> None:
        if part == "body":
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
        try:
            while not released.wait(0.05):
                handler.wfile.write(b" " if part == "body" else b"HTTP/1.1 100 Continue\r\n\r\n")
                handler.wfile.flush()
        except OSError:
            pass
        handler.close_connection = True

    company.misbehaviours.append(drip)
    try:
        assert ids(client(timeout_seconds=0.5)) == ["A0000"]
    finally:
        released.set()


def test_the_message_of_a_page_that_took_too_long_names_the_setting(company: Any, client: Any) -> None:
    company.misbehaviours += [lambda handler, _: threading.Event().wait(0.5)] * 3
    with pytest.raises(CompanyApiUnavailable, match="AISLE_INGEST__TIMEOUT_SECONDS"):
        ids(client(timeout_seconds=0.1))


def bombs() -> dict[str, tuple[bytes, dict[str, str]]]:
    spaces = b'{"data": [], "next_cursor": null' + b" " * 3_000_000 + b"}"
    return {"plain": (spaces, {}), "gzip": (gzip.compress(spaces), {"Content_Encoding": "gzip"})}


@pytest.mark.parametrize("form", bombs())
def test_an_answer_larger_than_its_limit_is_refused_before_it_is_read_whole(
    company: Any, client: Any, form: str
) -> None:
    body, headers = bombs()[form]
    company.misbehaviours.append(lambda handler, _: send(handler, 200, body, **headers))
    with pytest.raises(ContractBroken, match="AISLE_INGEST__MAX_PAGE_MEGABYTES"):
        ids(client(max_page_megabytes=2))
    assert len(company.requests) == 1


def test_an_answer_within_the_limit_may_be_compressed(company: Any, client: Any) -> None:
    company.sell(2)
    body = gzip.compress(json.dumps({"data": company.pos, "next_cursor": None}).encode())
    company.misbehaviours.append(lambda handler, _: send(handler, 200, body, Content_Encoding="gzip"))
    assert ids(client()) == TWO


def test_a_compressed_answer_that_ends_too_early_is_not_whole(company: Any, client: Any) -> None:
    company.sell(2)
    body = gzip.compress(json.dumps({"data": company.pos, "next_cursor": None}).encode())
    company.misbehaviours.append(lambda handler, _: send(handler, 200, body[:-12], Content_Encoding="gzip"))
    assert ids(client()) == TWO
    assert len(company.requests) == 2


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_an_encoding_that_cannot_be_read_is_named(company: Any, client: Any, encoding: str) -> None:
    company.misbehaviours += [lambda handler, _: send(handler, 200, b"no such thing", Content_Encoding=encoding)] * 3
    with pytest.raises(AisleError, match=encoding):
        ids(client())


@pytest.mark.parametrize("status", [400, 401, 422, 429, 500])
def test_the_words_of_the_api_are_shown_without_personal_data(company: Any, client: Any, status: int) -> None:
    words = "no till for zubaida@example.com, 0300-1234567 or +92 300 7654321 in window 7 " + "x" * 1000
    body = json.dumps({"detail": words}).encode()
    company.misbehaviours += [lambda handler, _: send(handler, status, body, Retry_After="0")] * 3
    with pytest.raises(AisleError) as raised:
        ids(client())
    message = str(raised.value)
    assert "no till for" in message
    assert "in window 7" in message
    assert not any(part in message for part in ("zubaida", "1234567", "7654321", "x" * 300))


def test_the_api_may_be_asked_where_an_event_loop_is_running(company: Any, client: Any) -> None:
    company.sell(2)

    async def asked() -> list[str]:
        return ids(client())

    assert asyncio.run(asked()) == TWO
