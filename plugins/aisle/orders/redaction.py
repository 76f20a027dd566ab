"""Redaction: remove erased people from a page before it is stored.

An order placed before the erasure keeps what was sold and loses who bought it, as in the warehouse. Text outside the
orders loses the contacts of erased people; the rest of the page stays byte for byte as received. A concurrent erasure
either finds the page stored and redacts it there, or its erasure records are seen here: reading them and storing the
page happen under a lock that the erasure waits for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import chain, zip_longest
from typing import Any

import msgspec
from psycopg import Connection

from aisle.contracts.company_orders import Customer
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.orders.answer import Page
from aisle.orders.reader import as_sent, as_text, personal_values, placed_at, without_person, written_as_sent
from aisle.orders.spoilt import UNREADABLE, legible
from aisle.warehouse import sql

#: The customer of an order whose brackets or quotes do not close.
_CUSTOMER = re.compile(r'"customer"\s*:\s*(\{[^{}]*\})')
_Written = str | int | Decimal


class _Repeated(list[Any]):
    """The values of a name that an object has several times; to a decoder only the last counts."""


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object with every value of a repeated name."""
    values: dict[str, list[Any]] = {}
    for name, value in members:
        values.setdefault(name, []).append(value)
    return {name: _Repeated(said) if len(said) > 1 else said[0] for name, said in values.items()}


_with_repeated = json.JSONDecoder(object_pairs_hook=_object, parse_float=Decimal)
_NO_ORDER = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class _Mentioned:
    """The people in an order, by the hashes of all contacts in it, and when it was placed, None if unknown."""

    hashes: frozenset[str]
    ordered_at: datetime | None

    def is_erased(self, erased: Mapping[str, datetime]) -> bool:
        moments = [erased[contact] for contact in self.hashes & erased.keys()]
        return any(self.ordered_at is None or self.ordered_at < erased_at for erased_at in moments)


class Redaction:
    """Redact the pages of one source."""

    def __init__(self, connection: Connection, source: str, hasher: PersonHasher) -> None:
        self._connection = connection
        self._source = source
        self._hasher = hasher
        self._finder = ContactFinder(hasher)

    @contextmanager
    def applied(self, page: Page) -> Iterator[Page]:
        """Yield the page as it may be stored, to the block that stores it."""
        with self._connection.transaction():
            self._connection.execute(sql("identity/erasures/lock_archive").encode())
            body, orders = self.redact(page.body, page.orders)
            yield replace(page, body=body, orders=orders)

    def redact(self, body: bytes, orders: Sequence[msgspec.Raw]) -> tuple[bytes, list[msgspec.Raw]]:
        """Return body and orders of a page without the customers of erased people."""
        if self._connection.execute(sql("identity/erasures/exist").encode()).fetchone() == (False,):
            return body, list(orders)
        mentioned = [self._mentioned_in(order) for order in orders]
        erased = self._erased(frozenset().union(*(people.hashes for people in mentioned)))
        shown = [
            _blanked(order) if people.is_erased(erased) else order
            for order, people in zip(orders, mentioned, strict=True)
        ]
        beside = [self.redact_text(text) for text in _beside(body, orders)]
        return b"".join(chain.from_iterable(zip_longest(beside, map(bytes, shown), fillvalue=b""))), shown

    def redact_text(self, body: bytes) -> bytes:
        """Return a text outside the orders without the contacts of erased people."""
        if not body.strip(b", \t\r\n"):
            return body
        text = body.decode(errors="surrogateescape")
        erased = self._erased(self._finder.hashes(text))
        return self._finder.without(text, erased).encode(errors="surrogateescape") if erased else body

    def _erased(self, hashes: frozenset[str] | set[str]) -> dict[str, datetime]:
        statement = sql("identity/erasures/of_hashes").encode()
        return dict(self._connection.execute(statement, {"contact_hashes": list(hashes)}).fetchall())

    def _mentioned_in(self, order: msgspec.Raw) -> _Mentioned:
        fields, said = _decoded(order), _all_said(order)
        if isinstance(fields, dict) and isinstance(said, dict):
            written = "\n".join(_texts(personal_values(said)))
            return _Mentioned(self._hashes(said.get("customer")) | self._finder.hashes(written), placed_at(fields))
        text = bytes(order).decode(errors="replace")
        match = _CUSTOMER.search(text)
        customer = legible(order).get("customer") or (legible(msgspec.Raw(match[1].encode())) if match else None)
        return _Mentioned(self._hashes(customer) | self._finder.hashes(text), None)

    def _hashes(self, sent: Any) -> frozenset[str]:
        """Return the hashes of a customer's legible contacts, also in an order that the contract refuses."""
        return frozenset(
            contact
            for customer in _values(sent)
            if isinstance(customer, dict)
            for name in Customer.__struct_fields__
            for value in _values(customer.get(name))
            if isinstance(value, _Written)
            for contact in self._hasher.hashes(self._source, Customer(**{name: str(as_text(value))})).known
        )


def _beside(body: bytes, orders: Sequence[msgspec.Raw]) -> Iterator[bytes]:
    """Yield the text before, between and after the orders of a page."""
    end = 0
    for order in orders:
        start = body.index(order, end)
        yield body[end:start]
        end = start + len(bytes(order))
    yield body[end:]


def _blanked(order: msgspec.Raw) -> msgspec.Raw:
    """Return the order without its customer; null if it cannot be read, because the customer may be anywhere in it."""
    fields = _decoded(order)
    return msgspec.Raw(written_as_sent(without_person(fields))) if isinstance(fields, dict) else _NO_ORDER


def _decoded(order: msgspec.Raw | bytes) -> Any:
    """Return the order as plain values; None if it is not JSON."""
    try:
        return as_sent(order)
    except UNREADABLE:
        return None


def _all_said(order: msgspec.Raw) -> Any:
    """Return the order as plain values, those of a repeated name as `_Repeated`; None if it is not JSON."""
    try:
        return _with_repeated.decode(bytes(order).decode())
    except UNREADABLE:
        return None


def _values(said: Any) -> list[Any]:
    return said if isinstance(said, _Repeated) else [said]


def _texts(value: Any) -> Iterator[str]:
    """Yield every text and number in nested values, at any depth."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, _Written):
            yield str(as_text(value))
