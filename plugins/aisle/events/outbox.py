"""The outbox: purchases wait here from the transaction that made their orders known until Personalize has them.

An event is `waiting`, `sent`, or `dead` after too many refusals. Who sends an event holds its row's lock and nothing
else: a sender that dies gives back what it held, and two senders never hold the same event.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from psycopg import Connection, Cursor
from psycopg.rows import class_row

from aisle.contracts.company_orders import COMPLETED
from aisle.contracts.events import Event
from aisle.contracts.personalize import PURCHASE
from aisle.settings import PROJECT_ROOT, get_settings
from aisle.warehouse import sql

_NON_PRODUCT_CODES = PROJECT_ROOT / "dbt" / "seeds" / "non_product_codes.csv"


class Backlog(NamedTuple):
    """What is not sent, as of `seen_at` by the warehouse's clock."""

    seen_at: datetime
    n_waiting: int
    n_dead: int
    oldest_wait_seconds: float


def queue_purchases(cursor: Cursor[Any], source: str) -> None:
    """Queue the purchases of the orders that the merge has just changed, and withdraw those that are none any more.

    Part of the merge's transaction, and of its script: `cursor` binds values on this side.
    """
    values = {
        "source": source,
        "event_type": PURCHASE,
        "status": COMPLETED,
        "max_age_hours": get_settings().events.max_age_hours,
        "non_product_patterns": _non_product_patterns(),
    }
    cursor.execute(sql("events/outbox/queue").encode(), values)


def backlog(connection: Connection[Any]) -> Backlog:
    """What is not sent yet, or could not be."""
    with connection.cursor(row_factory=class_row(Backlog)) as cursor:
        (counted,) = cursor.execute(sql("events/outbox/backlog").encode()).fetchall()
    return counted


def claim(connection: Connection[Any], began_at: datetime, n_events: int) -> list[Event]:
    """At most so many waiting events, which are this transaction's until it ends. Tried since `began_at`: not again."""
    with connection.cursor(row_factory=class_row(Event)) as cursor:
        values = {"began_at": began_at, "n_events": n_events}
        return cursor.execute(sql("events/outbox/claim").encode(), values).fetchall()


def mark_sent(connection: Connection[Any], event_ids: Collection[str]) -> None:
    """Note what the service has acknowledged."""
    connection.execute(sql("events/outbox/mark_sent").encode(), {"event_ids": list(event_ids)})


def refuse(connection: Connection[Any], refusals: Mapping[str, str], max_attempts: int) -> int:
    """Note why events were refused, by event id; gives how many are dead of it."""
    n_dead = 0
    for event_id, error in refusals.items():
        values = {"event_id": event_id, "error": error, "max_attempts": max_attempts}
        n_dead += sum(is_dead for (is_dead,) in connection.execute(sql("events/outbox/refuse").encode(), values))
    return n_dead


def replay_dead(connection: Connection[Any]) -> int:
    """Let all dead events wait again; gives how many."""
    return connection.execute(sql("events/outbox/replay_dead").encode()).rowcount


def p95_delay_seconds(connection: Connection[Any], since: datetime) -> float:
    """Of the events acknowledged since then: the time from row to acknowledgement that all but a twentieth kept."""
    ((seconds,),) = connection.execute(sql("events/outbox/delays").encode(), {"began_at": since}).fetchall()
    return float(seconds)


@cache
def _non_product_patterns() -> list[str]:
    """Patterns of the codes that are no products: dbt's own list, read as the file it is."""
    with _NON_PRODUCT_CODES.open(newline="") as lines:
        return [row["product_id_pattern"] for row in csv.DictReader(lines)]
