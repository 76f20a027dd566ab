"""Redaction: a page without the customers of people who were erased, before anybody stores it.

An order of before its erasure keeps what was sold and loses who bought it, here as in the warehouse. What stands
beside the orders loses the contacts of erased people; all else of a page stays byte for byte as it came. An erasure at
the same time either finds the page stored, and redacts it there, or its tombstones are seen here: looking and storing
happen under a lock that it waits for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import chain, zip_longest
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from aisle.contracts.company_orders import Customer, SourceName
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.orders.answer import Page
from aisle.orders.reader import personal_values, placed_at, without_person
from aisle.orders.spoilt import UNREADABLE
from aisle.warehouse import sql

#: The customer of an order that is no JSON; what is in it may be broken, too.
_CUSTOMER = re.compile(r'"customer"\s*:\s*(\{[^{}]*\})')
_NO_ORDER = msgspec.Raw(b"null")


class _Told(NamedTuple):
    """Whom an order tells of, by the hashes of all contacts in it, and when it was placed, if it says so."""

    hashes: frozenset[str]
    ordered_at: datetime | None

    def is_erased(self, erased: Mapping[str, datetime]) -> bool:
        moments = [erased[contact] for contact in self.hashes & erased.keys()]
        return any(self.ordered_at is None or self.ordered_at < erased_at for erased_at in moments)


class Redaction:
    """Redacts pages of one source."""

    def __init__(self, connection: Connection, source: SourceName, hasher: PersonHasher) -> None:
        self._connection = connection
        self._source = source
        self._hasher = hasher
        self._finder = ContactFinder(hasher)

    @contextmanager
    def applied(self, page: Page) -> Iterator[Page]:
        """The page as it may be stored, for the block that stores it."""
        with self._connection.transaction():
            self._connection.execute(sql("identity/tombstones/lock_archive").encode())
            body, orders = self.redact(page.body, page.orders)
            yield replace(page, body=body, orders=orders)

    def redact(self, body: bytes, orders: Sequence[msgspec.Raw]) -> tuple[bytes, list[msgspec.Raw]]:
        """Body and orders of a page without the customers of erased people."""
        if self._connection.execute(sql("identity/tombstones/exist").encode()).fetchone() == (False,):
            return body, list(orders)
        told = [self._told_by(order) for order in orders]
        erased = self._erased(frozenset().union(*(order.hashes for order in told)))
        shown = [
            _blanked(order) if person.is_erased(erased) else order for order, person in zip(orders, told, strict=True)
        ]
        beside = [self.redact_text(text) for text in _beside(body, orders)]
        return b"".join(chain.from_iterable(zip_longest(beside, map(bytes, shown), fillvalue=b""))), shown

    def redact_text(self, body: bytes) -> bytes:
        """A text that is no order, without the contacts of erased people."""
        if not body.strip(b", \t\r\n"):
            return body
        text = body.decode(errors="surrogateescape")
        erased = self._erased(self._finder.hashes(text))
        return self._finder.without(text, erased).encode(errors="surrogateescape") if erased else body

    def _erased(self, hashes: frozenset[str] | set[str]) -> dict[str, datetime]:
        statement = sql("identity/tombstones/of_hashes").encode()
        return dict(self._connection.execute(statement, {"contact_hashes": list(hashes)}).fetchall())

    def _told_by(self, order: msgspec.Raw) -> _Told:
        fields = _decoded(order)
        if isinstance(fields, dict):
            written = "\n".join(_texts(personal_values(fields)))
            return _Told(self._hashes(fields.get("customer")) | self._finder.hashes(written), placed_at(fields))
        text = bytes(order).decode(errors="replace")
        match = _CUSTOMER.search(text)
        customer = _decoded(match[1].encode()) if match else None
        return _Told(self._hashes(customer) | self._finder.hashes(text), None)

    def _hashes(self, sent: Any) -> frozenset[str]:
        """By all contacts of a customer as far as one can be read, also in an order that the contract refuses."""
        if not isinstance(sent, dict):
            return frozenset()
        known = {name: sent[name] for name in Customer.__struct_fields__ if isinstance(sent.get(name), str | int)}
        customer = Customer(**{name: str(value) for name, value in known.items()})
        return frozenset(filter(None, self._hasher.hashes(self._source, customer)))


def _beside(body: bytes, orders: Sequence[msgspec.Raw]) -> Iterator[bytes]:
    """What stands before, between and behind the orders of a page."""
    end = 0
    for order in orders:
        start = body.index(order, end)
        yield body[end:start]
        end = start + len(bytes(order))
    yield body[end:]


def _blanked(order: msgspec.Raw) -> msgspec.Raw:
    """The order without its person; one that cannot be read goes wholly, because nobody knows where in it they are."""
    fields = _decoded(order)
    return msgspec.Raw(msgspec.json.encode(without_person(fields))) if isinstance(fields, dict) else _NO_ORDER


def _decoded(order: msgspec.Raw | bytes) -> Any:
    """The order as plain values, None if it is no JSON."""
    try:
        return msgspec.json.decode(order)
    except UNREADABLE:
        return None


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in nested values, however deep."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str | int):
            yield str(value)
