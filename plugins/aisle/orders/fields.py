"""Fields: what the orders of a source hold besides and instead of what is known, for the report of its drift.

Of a field that nobody knows only the name and the shape of the first value are kept: its values may be personal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from psycopg import Connection

from aisle.contracts.company_orders import Customer, Item, Order
from aisle.contracts.text import tidy
from aisle.orders.spoilt import UNREADABLE
from aisle.warehouse import sql

#: Of more, the rest is counted under one name: a source may make names up.
_MOST_FIELDS = 200
_FURTHER = "(further fields)"
#: A name that is none of a field, but somebody's address or number.
_NAME = re.compile(r"(?!.*\d{6})[^\W\d][\w .:$/#()\[\]-]{0,59}")
_LONGEST_NAME = 60
_NO_NAME = "(a name that looks like data)"
_SHAPES = {ord("t"): "true or false", ord("f"): "true or false", ord("["): "list", ord("{"): "object"}
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_PARTS = {"customer.": Customer, "items.": Item}
KNOWN = frozenset(Order.__struct_fields__) | {
    f"{part}{name}" for part, struct in _PARTS.items() for name in struct.__struct_fields__
}


def shape_of(text: str) -> str:
    """Return what kind of text a cell is, without the text."""
    if re.fullmatch(r"[+-]?\d+([.,]\d+)?", text):
        return "number"
    return f"text of {len(text)} characters"


class FieldCensus:
    """Counts the fields of the orders of one window or file."""

    def __init__(self, is_known: Callable[[str], bool] = KNOWN.__contains__) -> None:
        self._is_known = is_known
        self._n_orders = 0
        self._times: Counter[str] = Counter()
        self._shapes: dict[str, str] = {}
        self._known: set[str] = set()

    def look(self, order: msgspec.Raw) -> None:
        """Count the fields of an order as received; one that is no JSON has none."""
        self._n_orders += 1
        try:
            for name, shape in _fields_of(order):
                self.count(name, shape)
        except UNREADABLE:
            return

    def count(self, name: str, shape: str, times: int = 1) -> None:
        """Count a field that is not blank."""
        if self._is_known(name):
            name = (tidy(name) or _NO_NAME)[:_LONGEST_NAME]
            self._known.add(name)
        else:
            name = name if _NAME.fullmatch(name) else _NO_NAME
            if name not in self._times and len(self._times) >= _MOST_FIELDS:
                name = _FURTHER
        self._times[name] += times
        self._shapes.setdefault(name, shape)

    def add_orders(self, n_orders: int) -> None:
        """Count orders whose fields are counted by themselves."""
        self._n_orders += n_orders

    def store(self, connection: Connection, source: str, run_key: str) -> None:
        """Add the counts to the source's, and note what has drifted. Part of the caller's transaction."""
        names = list(self._times)
        values = {
            "source": source,
            "run_key": run_key,
            "n_orders": self._n_orders,
            "names": names,
            "are_known": [name in self._known for name in names],
            "times": [self._times[name] for name in names],
            "shapes": [self._shapes[name] for name in names],
        }
        for statement in ("count", "note_unknown", "note_vanished", "forget_returned"):
            connection.execute(sql(f"ops/source_fields/{statement}").encode(), values)


def _fields_of(order: msgspec.Raw) -> Iterator[tuple[str, str]]:
    """Yield each field of an order that is not null, once however many items have it, and the shape of its value."""
    parts: list[tuple[str, dict[str, msgspec.Raw]]] = []
    for name, value in _members.decode(order).items():
        start = bytes(value)[:1]
        if name == "customer" and start == b"{":
            parts.append(("customer.", _members.decode(value)))
        elif name == "items" and start == b"[":
            parts += [("items.", item) for item in _items.decode(value)]
        if start != b"n":
            yield name, _shape(value)
    seen: set[str] = set()
    for prefix, members in parts:
        for name, value in members.items():
            if (field := f"{prefix}{name}") not in seen and bytes(value)[:1] != b"n":
                seen.add(field)
                yield field, _shape(value)


def _shape(value: Any) -> str:
    text = bytes(value)
    if text[:1] == b'"':
        return f"text of {len(text) - 2} characters"
    return _SHAPES.get(text[0], "number")
