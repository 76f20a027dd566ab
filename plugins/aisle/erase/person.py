"""Who is to be forgotten: from what a request says of a person to their user ids, and to patterns that find them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from psycopg import Connection
from psycopg.rows import class_row

from aisle.contracts.company_orders import SOURCES, Customer, SourceName
from aisle.errors import ConfigurationError
from aisle.ingest.identity import PersonHasher
from aisle.warehouse import sql

_NEVER = r"(?!)"
_USER_ID = re.compile(r"[0-9a-f]{32}")
#: What people put between the digits of a phone number.
_BETWEEN_DIGITS = r"[ ().-]*"
#: Digits of a phone number that are the same however it is written: the country's and the leading zero are not.
_TELLING_DIGITS = 9
ANY_MOMENT = datetime.fromtimestamp(0, UTC)


class Request(NamedTuple):
    """One row of `identity.erasure_requests`. Personal data: goes into no log and no message."""

    state: str
    phone: str | None
    email: str | None
    source: str | None
    source_id: str | None
    user_id: str | None
    user_ids: list[str] | None
    marks: list[str] | None

    @property
    def is_done(self) -> bool:
        return self.state == "erased"


class Traces(NamedTuple):
    """All by which a person is found: their user ids, and patterns for texts (case is ignored)."""

    user_ids: list[str]
    marks: list[str]

    @property
    def pattern(self) -> re.Pattern[bytes]:
        """Finds any of the marks in a file. No marks find nothing."""
        return re.compile(("|".join(self.marks) or _NEVER).encode(), re.IGNORECASE)


def read_request(connection: Connection, request_id: str | None) -> Request:
    """The request of this id. Raises ConfigurationError if there is none."""
    with connection.cursor(row_factory=class_row(Request)) as cursor:
        values = {"request_id": request_id}
        request = cursor.execute(sql("identity/erasure_requests/select").encode(), values).fetchone()
    if request is None:
        raise ConfigurationError(
            f"erasing a person: identity.erasure_requests has no request {request_id!r}; file one with `aisle erase`, "
            "and give its id as the param request_id"
        )
    return request


def traces_of(connection: Connection, request: Request, hasher: PersonHasher) -> Traces:
    """What the warehouse and the request know of the person, together with what an earlier try has found."""
    phones, emails = _contacts(request, hasher)
    known = {"user_ids": _hashed(request, hasher), "phone": _only(phones), "email": _only(emails)}
    user_ids = {*known["user_ids"], *(request.user_ids or ())}
    for user_id, phone, email in connection.execute(sql("identity/customers/find").encode(), known):
        user_ids.add(user_id)
        phones |= {phone} - {None}
        emails |= {email} - {None}
    if not user_ids:
        raise ConfigurationError(
            "erasing a person: nothing in the request is usable (a phone number that could be somebody's, an e-mail "
            "address, a source's id, a user id); correct its row in identity.erasure_requests"
        )
    marks = {*user_ids, *map(_phone_pattern, phones), *map(re.escape, emails), *(request.marks or ())}
    return Traces(sorted(user_ids), sorted(marks))


def _hashed(request: Request, hasher: PersonHasher) -> list[str]:
    """User ids that the request's own words stand for: each of them may have been all that a source knew."""
    if request.user_id and not _USER_ID.fullmatch(request.user_id):
        raise ConfigurationError(
            "erasing a person: the user_id of the request is not one of Aisle's (32 hex digits); give the person's "
            "phone, e-mail, or the source and its id, instead"
        )
    sources = [cast(SourceName, request.source)] if request.source else [source.name for source in SOURCES]
    customers = [Customer(phone=request.phone), Customer(email=request.email), Customer(id=request.source_id)]
    people = [hasher.person(source, customer, ANY_MOMENT) for source in sources for customer in customers]
    return sorted({person.user_id for person in people if person} | ({request.user_id} if request.user_id else set()))


def _contacts(request: Request, hasher: PersonHasher) -> tuple[set[Any], set[Any]]:
    """Phone and e-mail of the request, spelt as the warehouse spells them."""
    asked = Customer(phone=request.phone, email=request.email)
    person = hasher.person(SOURCES[0].name, asked, ANY_MOMENT)
    return ({person.phone} - {None}, {person.email} - {None}) if person else (set(), set())


def _only(values: set[Any]) -> Any:
    return next(iter(values), None)


def _phone_pattern(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)[-_TELLING_DIGITS:]
    return _BETWEEN_DIGITS.join(digits)
