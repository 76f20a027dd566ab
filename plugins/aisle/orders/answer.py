"""Answers: the body of a page, split into its orders, its cursor and its claims."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from aisle.contracts.company_orders import Day
from aisle.contracts.limits import EARLIEST_MOMENT
from aisle.errors import CompanyApiUnavailable, ContractBroken
from aisle.orders.claims import Claims, read_claims
from aisle.orders.spoilt import BROKEN_CHARACTER, UNREADABLE, sort_out
from aisle.orders.wording import quoted, wording

#: Replaces the orders while the rest of an envelope is read: valid JSON, and harmless within a text.
_LEFT_OUT = b"-0"
#: Texts that lead nowhere, as programs write a missing value. The text "0" is a place, at the beginning.
_NO_CURSOR = frozenset(("", "null", "none", "false"))
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_bodies = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])
_lists = msgspec.json.Decoder(list[msgspec.Raw] | None)


class _Days(msgspec.Struct):
    data: list[Day]


_days = msgspec.json.Decoder(_Days)
_NO_CLAIMS = Claims()

Cursor = str | msgspec.UnsetType | None


@dataclass(frozen=True)
class Page:
    """One whole page: its body and each of its orders, as received."""

    number: int
    body: bytes
    orders: list[msgspec.Raw]
    #: None: the API says that nothing follows. UNSET: the API does not say.
    next_cursor: Cursor
    is_envelope: bool = True
    claims: Claims = _NO_CLAIMS
    #: How many of its orders were on an earlier page of the window in the same version.
    n_repeats: int = 0


def read_page(
    body: bytes, headers: Mapping[str, str], asked: str, number: int, ignored_members: Collection[str] = ()
) -> Page:
    """Return the page in a body of status 200.

    Raises ContractBroken if it is JSON of another shape, CompanyApiUnavailable if it is not whole or names an error.
    """
    parts = _taken_apart(body, asked)
    answer, orders = parts.answer, parts.orders
    if isinstance(answer, list):
        claims = read_claims({}, headers, ignored_members)
        return Page(number, body, answer if orders is None else orders, msgspec.UNSET, False, claims)
    _refuse_contradiction(parts.envelope, answer, asked)
    members = {name: _member(value) for name, value in answer.items() if name != "data"}
    claims = read_claims(members, headers, ignored_members)
    if claims.failure:
        raise CompanyApiUnavailable(
            f"{asked}: status 200, but {claims.failure}; look into the company API's log (or name the member in "
            "AISLE_INGEST__IGNORED_MEMBERS, if it speaks of no failure), then run the DAG again: it begins at the "
            "watermark"
        )
    if orders is None:
        orders = _orders(answer, members, claims, asked)
    return Page(number, body, orders, _cursor(answer.get("next_cursor"), asked), True, claims)


def read_days(body: bytes) -> list[Day] | None:
    """Return the API's summary of each day; None if the body is not that, or impossible."""
    try:
        days = _days.decode(body).data
    except UNREADABLE:
        return None
    return [_believed(day) for day in days]


def _believed(day: Day) -> Day:
    """Return the day without an impossible newest edit: some systems write the year 1 for "never"."""
    if day.newest_updated_at is None or day.newest_updated_at >= EARLIEST_MOMENT:
        return day
    return msgspec.structs.replace(day, newest_updated_at=None)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A split body: its members or its list, and its orders if they had to be searched for."""

    answer: dict[str, msgspec.Raw] | list[msgspec.Raw]
    orders: list[msgspec.Raw] | None
    envelope: bytes


def _taken_apart(body: bytes, asked: str) -> _Parts:
    text = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        return _Parts(_bodies.decode(text), None, text)
    except msgspec.ValidationError as error:
        raise _wrong_shape(asked, str(error)) from error
    except UNREADABLE as error:
        repaired = sort_out(text)
        if repaired is None:
            raise CompanyApiUnavailable(
                f"{asked}: status 200 with a broken body of {len(body)} bytes ({error}); check whether something "
                "in between truncates responses, then run the DAG again: it begins at the watermark"
            ) from error
        return _Parts(_bodies.decode(repaired.envelope), repaired.orders, repaired.envelope)


def _refuse_contradiction(envelope: bytes, members: Mapping[str, msgspec.Raw], asked: str) -> None:
    """Raise ContractBroken if a member occurs twice with different values: there is no telling which one holds."""
    said: dict[str, Any] = {}
    for name, value in _named_values(envelope, bytes(members.get("data", b"null"))):
        if said.setdefault(name, value) != value:
            raise ContractBroken(
                f"{asked}: status 200, but its envelope has `{name}` twice, with different values; have the company "
                "API say it once, then run the DAG again: it begins at the watermark"
            )


def _named_values(envelope: bytes, orders: bytes) -> list[tuple[str, Any]]:
    """Return every member of an envelope, duplicates too, without the orders; empty if it is nested too deep."""
    text = envelope.replace(orders, _LEFT_OUT).decode(errors="replace")
    try:
        named: list[tuple[str, Any]] = json.loads(
            text, strict=False, object_pairs_hook=list, parse_int=str, parse_float=str, parse_constant=str
        )
    except UNREADABLE:
        return []
    return named


def _member(value: msgspec.Raw) -> Any:
    """Decode a member of the envelope; broken text and numbers out of range are returned as received."""
    try:
        return msgspec.json.decode(value)
    except UNREADABLE:
        return bytes(value).decode(errors="replace").strip('"')


def _wrong_shape(asked: str, why: str) -> ContractBroken:
    return ContractBroken(
        f"{asked}: status 200 with JSON that is neither a list of orders nor data with next_cursor ({why}); "
        "compare the answer with aisle.contracts.company_orders"
    )


def _orders(
    answer: dict[str, msgspec.Raw], members: Mapping[str, Any], claims: Claims, asked: str
) -> list[msgspec.Raw]:
    if "data" not in answer:
        raise _wrong_shape(asked, "it has no member `data`")
    try:
        orders = _lists.decode(answer["data"])
    except msgspec.ValidationError as error:
        raise _wrong_shape(asked, str(error)) from error
    if orders is None and (not claims.sizes or any(size for _, size in claims.sizes)):
        raise CompanyApiUnavailable(
            f"{asked}: status 200, but `data` is null{quoted(wording(dict(members)))}, and nothing says that there are "
            "no orders; look into the company API's log, then run the DAG again: it begins at the watermark"
        )
    return orders or []


def _cursor(sent: msgspec.Raw | None, asked: str) -> Cursor:
    """Return the cursor to send back; a number keeps its digits. Null, false, 0 and blank text lead nowhere."""
    if sent is None:
        return msgspec.UNSET
    text = bytes(sent).decode(errors="replace")
    if text in ("0", "0.0"):
        return None
    if text[0] == '"' and BROKEN_CHARACTER not in text:
        text = msgspec.json.decode(sent, type=str).strip()
    elif text[0] not in "-0123456789nf":
        raise _wrong_shape(asked, f"`next_cursor` is {text[:40]}")
    return None if text.lower() in _NO_CURSOR else text
