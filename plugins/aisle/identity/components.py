"""Customers as connected components: records of orders that share a contact are one customer, however long the chain.

A customer's id is the strongest contact of the earliest order: the older id stays when customers are joined, and the
result does not depend on the order in which orders came. Only components that a window touches are computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from psycopg import Cursor

from aisle.warehouse import sql


def customers_of(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the customer of each record: of all contacts that its component has, the first one in `links`.

    A link is a record and a contact of it.
    """
    parents: dict[str, str] = {}
    places: dict[str, int] = {}
    contact_of: dict[str, str] = {}

    def root(contact: str) -> str:
        while parents[contact] != contact:
            parents[contact] = contact = parents[parents[contact]]
        return contact

    for record, contact in links:
        parents.setdefault(contact, contact)
        places.setdefault(contact, len(places))
        first, second = root(contact), root(contact_of.setdefault(record, contact))
        older, younger = sorted((first, second), key=places.__getitem__)
        parents[younger] = older
    return {record: root(contact) for record, contact in contact_of.items()}


def settle(cursor: Cursor[Any]) -> None:
    """Find the customers of a window's records and of all whom these concern, and write them to records and orders.

    Runs between identity/records/merge and raw/company__orders/merge, in their transaction.
    """
    cursor.execute(sql("identity/records/find_affected").encode())
    links = cursor.execute(sql("identity/records/affected_links").encode()).fetchall()
    with cursor.copy(b"copy settled_records (record_id, user_id) from stdin") as copy:
        for row in customers_of(links).items():
            copy.write_row(row)
    cursor.execute(sql("identity/records/settle").encode())
