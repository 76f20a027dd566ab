"""Spoilt pages: the orders of a body that is not JSON as a whole, because of what is in one of them.

A title with an unescaped quote, half of an emoji or a NaN would otherwise cost the page, and with it the window, for as
long as the order is in it. Orders are found by their brackets; where an order's own brackets or quotes do not close, by
the next place where a whole order begins. The envelope must close all the same: a body that was cut off has no orders.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

#: What reading a text as JSON may raise.
UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^"\[\]{}]+', re.DOTALL)
_SPACE = re.compile(rb"\s*")
_DATA = re.compile(rb'"data"\s*:\s*\[')
_NEXT_OBJECT = re.compile(rb"[,}]\s*(?=\{)")
_MAYBE_LAST_BRACKET = re.compile(rb'\](?=\s*(?:,\s*"|\}|\Z))')
#: Replaces a character that cannot be decoded.
BROKEN_CHARACTER = "\ufffd"
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
#: A text, to the end if it does not close; or what some programs write for a number that is none.
_WORD = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|-?Infinity|NaN', re.DOTALL)
#: Within a text: whole characters and known escapes, which are passed by; then what is neither.
_FAULT = re.compile(
    rb"(?P<sound>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|\\[\"\\/bfnrt])"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.|[\x00-\x1f]",
    re.DOTALL,
)
_LONGEST_ENVELOPE = 100_000
_PAIRS = {ord("]"): ord("["), ord("}"): ord("{")}
#: Bytes that may be looked at for each byte of the body. Real pages take two or three.
_LARGEST_EFFORT = 50
_MOST_BRACKETS = 100


class _OrderLike(msgspec.Struct):
    """An order, as opposed to one of its items."""

    order_id: msgspec.Raw
    order_date: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    status: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    items: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_order_like = msgspec.json.Decoder(_OrderLike)
_Envelope = dict[str, msgspec.Raw] | list[msgspec.Raw]
_envelope: msgspec.json.Decoder[_Envelope] = msgspec.json.Decoder(_Envelope)


@dataclass(frozen=True, slots=True)
class Sorted:
    """A spoilt body taken apart: its envelope around an empty list, as JSON, and the text of each order as it came."""

    envelope: bytes
    orders: list[msgspec.Raw]


def sort_out(body: bytes) -> Sorted | None:
    """The orders of a body that is no JSON; None if its envelope is not whole either."""
    opening = _opening(body)
    return None if opening is None else _Scan(body, opening).orders()


def _opening(body: bytes) -> int | None:
    """Behind the bracket that opens the list of orders."""
    start = _after_space(body, 0)
    if body[start : start + 1] == b"[":
        return start + 1
    effort = _LARGEST_EFFORT * len(body)
    for match in _DATA.finditer(body):
        effort -= match.end()
        if effort < 0:
            return None
        if _members(body[: match.end()] + b"]}") is not None:
            return match.end()
    return None


def _after_space(body: bytes, position: int) -> int:
    match = _SPACE.match(body, position)
    return match.end() if match else position


def _members(text: bytes) -> _Envelope | None:
    """The members of an envelope, whose texts may be broken."""
    return _whole(text) or _whole(_repaired(text))


def _whole(text: bytes) -> _Envelope | None:
    try:
        return _envelope.decode(text)
    except UNREADABLE:
        return None


def _repaired(envelope: bytes) -> bytes:
    """Replace what no JSON text may hold: half characters, unknown escapes, control characters, NaN and Infinity.

    Nothing is closed that was open. A long text is left as it is: it has orders in it, and is no envelope.
    """
    return envelope if len(envelope) > _LONGEST_ENVELOPE else _WORD.sub(_repaired_word, envelope)


def _repaired_word(match: re.Match[bytes]) -> bytes:
    word = match[0]
    return _FAULT.sub(_repaired_fault, word) if word[:1] == b'"' else b"null"


def _repaired_fault(match: re.Match[bytes]) -> bytes:
    fault = match[0]
    if match["sound"]:
        return fault
    if match["half"]:
        return BROKEN_CHARACTER.encode()
    return b" " if len(fault) == 1 else fault[1:]


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far the value at a position goes."""

    end: int
    #: Its brackets and quotes match, as far as they go.
    is_in_order: bool
    #: They all close.
    is_closed: bool


class _Scan:
    def __init__(self, body: bytes, opening: int) -> None:
        self._body = body
        self._opening = opening
        self._effort = _LARGEST_EFFORT * len(body)

    def orders(self) -> Sorted | None:
        orders: list[msgspec.Raw] = []
        position = self._opening
        while True:
            position = _after_space(self._body, position)
            if self._body[position : position + 1] == b",":
                position += 1
                continue
            if self._is_end(position):
                envelope = self._body[: self._opening] + self._body[position:]
                return Sorted(_repaired(envelope), orders)
            end = self._end_of_element(position)
            if end is None:
                return None
            orders.append(msgspec.Raw(self._body[position:end].rstrip(b", \t\r\n")))
            position = end

    def _end_of_element(self, start: int) -> int | None:
        reach = self._reach(start)
        closes = reach is not None and reach.is_closed
        if reach and closes and self._is_followed(reach.end, b",") and _is_order(self._body[start : reach.end]):
            return reach.end
        is_separate = closes and reach is not None and self._is_followed(reach.end, b",{") and self._is_outer(reach.end)
        following = self._next_order(start + 1, reach.end if reach and is_separate else len(self._body))
        if following is not None:
            return following
        return reach.end if reach and is_separate else self._end_of_list(start)

    def _is_outer(self, end: int) -> bool:
        """Whether a spoilt order can end here: not if what follows is a whole object and no order, as an item is."""
        following = _NEXT_OBJECT.match(self._body, _after_space(self._body, end))
        reach = self._reach(following.end()) if following else None
        if following is None or reach is None or not reach.is_closed:
            return True
        text = self._body[following.end() : reach.end]
        return _is_order(text) or _whole(text) is None

    def _is_followed(self, end: int, signs: bytes) -> bool:
        """Whether what ends here is followed by these signs, or by the end of the list."""
        position = _after_space(self._body, end)
        if self._is_end(position):
            return True
        for sign in signs:
            if self._body[position : position + 1] != bytes((sign,)):
                return False
            position = _after_space(self._body, position + 1)
        return True

    def _is_end(self, position: int) -> bool:
        """Whether the bracket at `position` ends the list: the envelope must be whole with it."""
        if not _MAYBE_LAST_BRACKET.match(self._body, position):
            return False
        self._effort -= len(self._body) - position
        return self._effort > 0 and _members(self._body[: self._opening] + self._body[position:]) is not None

    def _next_order(self, start: int, stop: int) -> int | None:
        """Where the next whole order begins."""
        for match in _NEXT_OBJECT.finditer(self._body, start, stop):
            reach = self._reach(match.end())
            if reach is None:
                return None
            if reach.is_closed and _is_order(self._body[match.end() : reach.end]):
                return match.end()
        return None

    def _end_of_list(self, start: int) -> int | None:
        """The end of the list behind a last order that does not close, unless the body was cut off in that order.

        A body cut off behind an inner bracket looks as if that bracket ended the list. So the cursor must be there, and
        behind the orders if nothing but its end speaks against the body.
        """
        whole = self._reach(0)
        is_maybe_cut_off = whole is None or (whole.is_in_order and not whole.is_closed)
        brackets = _MAYBE_LAST_BRACKET.finditer(self._body, start)
        for match, _ in zip(brackets, range(_MOST_BRACKETS), strict=False):
            if self._is_end(match.start()):
                head = b'{"data":[' if is_maybe_cut_off else self._body[: self._opening]
                members = _members(head + self._body[match.start() :])
                return match.start() if isinstance(members, list) or "next_cursor" in (members or ()) else None
        return None

    def _reach(self, start: int) -> _Reach | None:
        """The value at `start` by its brackets and quotes; None once too much has been looked at."""
        open_brackets: list[int] = []
        position = start
        while position < len(self._body):
            token = _TOKEN.match(self._body, position)
            if token is None:  # a quote that never closes
                return self._spent(start, _Reach(len(self._body), False, False))
            position, first = token.end(), self._body[token.start()]
            if first in b"[{":
                open_brackets.append(first)
            elif first in b"]}" and (not open_brackets or open_brackets.pop() != _PAIRS[first]):
                return self._spent(start, _Reach(position, False, False))
            if not open_brackets:
                is_bare = first not in b'"]}'
                comma = token.group().find(b",") if is_bare else -1
                return self._spent(start, _Reach(token.start() + comma if comma >= 0 else position, True, True))
        return self._spent(start, _Reach(position, True, False))

    def _spent(self, start: int, reach: _Reach) -> _Reach | None:
        self._effort -= reach.end - start
        return reach if self._effort > 0 else None


def _is_order(text: bytes) -> bool:
    try:
        order = _order_like.decode(text)
    except UNREADABLE:
        return False
    return any(part is not msgspec.UNSET for part in (order.order_date, order.status, order.items))


def legible(order: msgspec.Raw) -> dict[str, Any]:
    """What can still be read of an order that is no JSON, or no order; nothing if it is beyond that.

    Broken characters are replaced, numbers too long for any column are left as text.
    """
    try:
        sent = json.loads(
            bytes(order).decode(errors="replace"),
            strict=False,
            parse_int=_number,
            parse_float=Decimal,
            object_pairs_hook=_legible_members,
        )
    except (ValueError, RecursionError):
        return {}
    return sent if isinstance(sent, dict) else {}


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) < 19 else digits


def _legible_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {_encodable(name): _encodable(value) if isinstance(value, str) else value for name, value in members}


def _encodable(text: str) -> str:
    return _HALF_CHARACTER.sub(BROKEN_CHARACTER, text)
