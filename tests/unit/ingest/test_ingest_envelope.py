"""Envelopes that are not quite JSON, or that name a member twice."""

from __future__ import annotations

import pytest

from aisle.errors import AisleError, CompanyApiUnavailable, ContractBroken
from aisle.orders.answer import Page, read_page

ORDER = rb'{"order_id":"a","order_date":"2026-01-01","status":"completed","items":[]}'
SPOILT = rb'{"order_id":"b","order_date":"2026-01-01","status":"completed","items":[NaN]}'


def read(body: bytes) -> Page:
    return read_page(body, {}, "GET /orders, page 1", 1)


@pytest.mark.parametrize(
    "member",
    [
        rb'"message":"tea \ud83d"',
        rb'"message":"tea \udc00 \ud83d\ud83d\ude00"',
        rb'"message":"C:\orders\new"',
        b'"message":"two\nlines\x07"',
        rb'"no\ud83dte":"tea"',
        rb'"meta":{"note":["\ud83d"],"took":NaN}',
        b'"took":NaN,"rate":-Infinity',
    ],
    ids=["half", "other half", "bad escapes", "control characters", "in a name", "in nested values", "no numbers"],
)
@pytest.mark.parametrize("order", [ORDER, SPOILT], ids=["sound", "spoilt"])
def test_an_envelope_with_broken_text_keeps_its_orders_as_they_came(member: bytes, order: bytes) -> None:
    for body in (
        b'{%b,"data":[%b, %b],"next_cursor":"2","total":7}' % (member, ORDER, order),
        b'{"total":7,"data":[%b, %b],%b,"next_cursor":"2"}' % (ORDER, order, member),
    ):
        page = read(body)
        assert [bytes(read) for read in page.orders] == [ORDER, order]
        assert page.next_cursor == "2"
        assert page.claims.sizes == (("total", 7),)
        assert page.body == body


def test_broken_text_hides_no_failure() -> None:
    with pytest.raises(CompanyApiUnavailable, match="errors"):
        read(rb'{"errors":["database \ud83d"],"data":[%b],"next_cursor":null}' % ORDER)


def test_a_cursor_of_broken_text_is_not_sent_back() -> None:
    with pytest.raises(ContractBroken, match="next_cursor"):
        read(rb'{"data":[%b],"next_cursor":"a\ud83d"}' % ORDER)


@pytest.mark.parametrize(
    "envelope", [rb'{"message":"\ud83d","data":[%b],"next_cursor":', rb'{"message":"\ud83d', rb'[%b, "\ud83d"']
)
def test_broken_text_makes_no_whole_answer_of_one_that_is_cut_off(envelope: bytes) -> None:
    body = envelope.replace(b"%b", ORDER)
    for end in range(1, len(body) + 1):
        with pytest.raises(AisleError):
            read(body[:end])


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"data":[%b],"data":[],"next_cursor":null}' % ORDER, "data"),
        (b'{"data":[],"next_cursor":null, "data" : [%b]}' % ORDER, "data"),
        (b'{"data":[%b],"da\\u0074a":[%b],"next_cursor":null}' % (ORDER, SPOILT), "data"),
        (b'{"data":null,"data":[%b]}' % ORDER, "data"),
        (b'{"next_cursor":"2","data":[%b],"next_cursor":null}' % ORDER, "next_cursor"),
        (b'{"total":9,"data":[%b],"total":1,"next_cursor":null}' % ORDER, "total"),
        (b'{"errors":["late"],"errors":[],"data":[%b],"next_cursor":null}' % ORDER, "errors"),
    ],
)
def test_an_envelope_that_says_two_things_under_one_name_is_refused(body: bytes, name: str) -> None:
    with pytest.raises(ContractBroken, match=f"`{name}` twice"):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"success":true,"data":[%b],"success":true,"next_cursor":null}' % ORDER,
        b'{"data":[%b],"next_cursor":null,"data":[%b]}' % (ORDER, ORDER),
        b'{"meta":{"data":[]},"data":[{"data":1,"next_cursor":2}],"next_cursor":null}',
        b'{"note":"\\"data\\":[],","data":[],"next_cursor":null}',
    ],
    ids=["a flag", "the orders", "a name inside another member", "a name inside a text"],
)
def test_a_name_that_says_the_same_twice_or_stands_elsewhere_is_no_contradiction(body: bytes) -> None:
    assert len(read(body).orders) <= 1
