"""Find the person to forget: from the contacts in a request to every user id of that person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import Connection
from psycopg.rows import class_row

from aisle.contracts.company_orders import Customer
from aisle.contracts.identity import USER_ID
from aisle.errors import ConfigurationError
from aisle.identity.hashing import PersonHasher
from aisle.sources import sources
from aisle.warehouse import sql


@dataclass(frozen=True, slots=True)
class Request:
    """One row of `identity.erasure_requests`. Personal data: never put it into a log or message."""

    state: str
    phone: str | None
    email: str | None
    source: str | None
    source_id: str | None
    user_id: str | None
    user_ids: list[str] | None

    @property
    def is_done(self) -> bool:
        return self.state == "erased"


@dataclass(frozen=True, slots=True)
class Traces:
    """The user ids by which a person is found.

    `user_ids` are those of their identities, and those that each contact alone would have. `n_shared` counts the
    contacts that were not followed because several people share them.
    """

    user_ids: list[str]
    n_identities: int = 0
    n_shared: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Return the counts for the receipt."""
        n_contacts = len(self.user_ids)
        return {"identities": self.n_identities, "contacts": n_contacts, "shared_contacts_left": self.n_shared}


def read_request(connection: Connection, request_id: str | None) -> Request:
    """Return the request of this id. Raises ConfigurationError if there is none."""
    with connection.cursor(row_factory=class_row(Request)) as cursor:
        values = {"request_id": request_id}
        request = cursor.execute(sql("identity/erasure_requests/select").encode(), values).fetchone()
    if request is None:
        raise ConfigurationError(
            f"erasing a person: identity.erasure_requests has no request {request_id!r}; file one with `aisle erase`, "
            "and give its id as the param request_id"
        )
    return request


def traces_of(connection: Connection, request: Request, hasher: PersonHasher, most_links: int) -> Traces:
    """Follow the request from contact to identity to contact, until nothing new is found.

    From here on until the transaction ends no order joins the person with anybody, under another id.
    Raises ConfigurationError if it leads to nobody, or to more than `most_links` identities: some are then another's.
    """
    connection.execute(sql("identity/erasures/await_orders").encode())
    requested = {
        *_hashed(request, hasher),
        *_kept_number(connection, hasher.written_phone_hash(request.phone)),
        *(request.user_ids or ()),
    }
    if not requested:
        raise ConfigurationError(
            "erasing a person: nothing in the request is usable (a phone number that could be somebody's, an e-mail "
            "address, a source's id, a user id); correct its row in identity.erasure_requests"
        )
    _note_contacts_of_customers(connection, hasher)
    traces = _followed(connection, requested, most_links)
    if not traces.user_ids:
        raise ConfigurationError(
            f"erasing a person: all that the request names is shared by more than {most_links} people; name something "
            "that is the person's own in its row in identity.erasure_requests, or raise AISLE_IDENTITY__MOST_LINKS"
        )
    if traces.n_identities > most_links:
        raise ConfigurationError(
            f"erasing a person: the request leads to {traces.n_identities} identities, more than {most_links}, so that "
            "some are probably somebody else's; nobody was erased; look at identity.contacts, then name less in its "
            "row in identity.erasure_requests, or raise AISLE_IDENTITY__MOST_LINKS"
        )
    return traces


def _followed(connection: Connection, requested: set[str], most_links: int) -> Traces:
    user_ids, shared = requested, set[str]()
    while True:
        values = {"user_ids": list(user_ids), "most_links": most_links}
        rows = connection.execute(sql("identity/contacts/follow").encode(), values).fetchall()
        shared |= {user_id for user_id, _, is_shared in rows if is_shared}
        reached = (user_ids | {user_id for user_id, *_ in rows}) - shared
        if reached == user_ids:
            identities = {user_id for user_id, is_identity, _ in rows if is_identity} - shared
            return Traces(sorted(user_ids), len(identities), len(shared))
        user_ids = reached


def _kept_number(connection: Connection, written_hash: str | None) -> Iterator[str]:
    """Yield the number that ingest kept for these digits: a newer phone library may make another one of them."""
    statement = sql("identity/phone_forms/kept").encode()
    yield from (kept for (kept,) in connection.execute(statement, {"written_hash": written_hash}))


def _note_contacts_of_customers(connection: Connection, hasher: PersonHasher) -> None:
    """Hash the contacts of customers stored before contacts were kept."""
    customers = connection.execute(sql("identity/contacts/of_customers").encode()).fetchall()
    rows = [
        {"user_id": user_id, "kind": kind, "contact_hash": contact_hash}
        for user_id, phone, email in customers
        for kind, contact_hash in (("phone", hasher.phone_hash(phone)), ("email", hasher.email_hash(email)))
        if contact_hash
    ]
    if rows:
        connection.cursor().executemany(sql("identity/contacts/insert").encode(), rows)


def _hashed(request: Request, hasher: PersonHasher) -> set[str]:
    """Return the user id of each contact in the request: a source may have known that contact alone."""
    if request.user_id and not USER_ID.fullmatch(request.user_id):
        raise ConfigurationError(
            "erasing a person: the user_id of the request is not one of Aisle's (32 hex digits); give the person's "
            "phone, e-mail, or the source and its id, instead"
        )
    customer = Customer(phone=request.phone, email=request.email, id=request.source_id)
    names = [request.source] if request.source else [source.name for source in sources()]
    hashes = {contact_hash for source in names for contact_hash in hasher.hashes(source, customer).known}
    return {user_id for user_id in (*hashes, request.user_id) if user_id}
