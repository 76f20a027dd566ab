"""The outbox: purchases wait here from the transaction that made their orders known until Personalize has them, and
what users do beside, from the next run of DAG `events` on.

An event has a row for each dataset group, so that a group whose service is down or refuses keeps no other waiting. It
is `unsorted` or `held` until it is known to be the group's, then `waiting`, then `sent`, or `dead` after too many
refusals, or at once where it holds what no service takes. Who sends an event holds its row's lock and nothing else: a
sender that dies gives back what it held, and two senders never hold the same event.
"""

from __future__ import annotations

import csv
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from psycopg import Connection, Cursor
from psycopg.errors import UndefinedTable
from psycopg.rows import class_row
from psycopg.sql import Identifier

from aisle.contracts.company_orders import COMPLETED
from aisle.contracts.event_types import read_event_types
from aisle.contracts.events import Event
from aisle.contracts.personalize import PURCHASE
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.groups.membership import belongs, first_state
from aisle.settings import PROJECT_ROOT, get_settings
from aisle.warehouse import sql

log = logging.getLogger(__name__)

#: Interactions that are queued in one transaction.
_STEP_EVENTS = 10_000
_NON_PRODUCT_CODES = PROJECT_ROOT / "dbt" / "seeds" / "non_product_codes.csv"


@dataclass(frozen=True, slots=True)
class Backlog:
    """What was not sent to a group's service, as of `seen_at` by the warehouse's clock."""

    seen_at: datetime
    n_waiting: int
    n_held: int
    n_dead: int


@dataclass(frozen=True, slots=True)
class Queued:
    """How many interactions were looked at, and how many of them are sent to the services."""

    n_seen: int = 0
    n_events: int = 0


@dataclass(frozen=True, slots=True)
class Sorted:
    """The outcome for events whose group was not known."""

    n_theirs: int
    n_held: int
    n_withdrawn: int


def queue_purchases(cursor: Cursor[Any], source: str) -> None:
    """Queue the purchases of the orders that the merge has just changed, and withdraw those that are none any more.

    Part of the merge's transaction, and of its script: `cursor` binds values on this side.
    """
    groups = dataset_groups()
    values = {
        "source": source,
        "event_type": PURCHASE,
        "status": COMPLETED,
        "max_age_hours": get_settings().events.max_age_hours,
        "non_product_patterns": _non_product_patterns(),
        "dataset_groups": [group.name for group in groups],
        "states": [first_state(group.described.where) for group in groups],
    }
    cursor.execute(sql("events/outbox/queue", insert=_insert("purchase_events")).encode(), values)


def queue_interactions(connection: Connection[Any]) -> Queued:
    """Queue what users did, as serving has stored it, for every group; in steps, each of which holds by itself.

    Nothing is queued in a warehouse that serving has not been migrated in.
    """
    groups, exported = dataset_groups(), read_event_types(get_settings().events.types_file).exported
    values = {
        "n_events": _STEP_EVENTS,
        "event_types": list(exported),
        "exported_as": list(exported.values()),
        "dataset_groups": [group.name for group in groups],
        "states": [first_state(group.described.where) for group in groups],
    }
    total = Queued()
    try:
        for table in (Identifier("interactions"), Identifier("impressions")):
            recent = sql("events/interactions/recent_sessions", table=table)
            connection.execute(sql("serving/interactions/join_sessions", table=table, sessions=recent).encode(), {})
        statement = sql("events/interactions/queue", insert=_insert("checked")).encode()
        while True:
            with connection.transaction(), connection.cursor(row_factory=class_row(Queued)) as cursor:
                (step,) = cursor.execute(statement, values).fetchall()
            total = Queued(total.n_seen + step.n_seen, total.n_events + step.n_events)
            if step.n_seen < _STEP_EVENTS:
                return total
    except UndefinedTable:
        log.info("no interactions are stored before `aisle migrate` has made schema serving")
        return total


def _insert(events: str) -> str:
    """Return the statement that queues the events of a table or part of a statement."""
    return sql("events/outbox/insert", events=Identifier(events))


def withdraw_departed(connection: Connection[Any]) -> int:
    """Withdraw events for groups that are no longer in the file; return their number."""
    values = {"dataset_groups": [group.name for group in dataset_groups()]}
    return connection.execute(sql("events/outbox/withdraw_departed").encode(), values).rowcount


def put_aside(connection: Connection[Any], group: str) -> int:
    """Mark as dead what waits for a group and could never be sent, with the reason; return how many."""
    return connection.execute(sql("events/outbox/put_aside").encode(), {"dataset_group": group}).rowcount


def sort(connection: Connection[Any], group: DatasetGroup) -> Sorted:
    """Find out which events are the group's and withdraw the others; none are known before there are marts."""
    values = {"dataset_group": group.name, "max_age_hours": get_settings().events.max_age_hours}
    statement = sql("events/outbox/sort", belongs=belongs(group.described.where))
    try:
        with connection.transaction(), connection.cursor(row_factory=class_row(Sorted)) as cursor:
            (outcome,) = cursor.execute(statement.encode(), values).fetchall()
    except UndefinedTable:
        log.info("which events are those of group %s is not known before the first `transform`", group.name)
        return Sorted(0, 0, 0)
    return outcome


def backlog(connection: Connection[Any], group: str) -> Backlog:
    """Count what was not sent to the group's service yet, or could not be."""
    with connection.cursor(row_factory=class_row(Backlog)) as cursor:
        (counted,) = cursor.execute(sql("events/outbox/backlog").encode(), {"dataset_group": group}).fetchall()
    return counted


def claim(connection: Connection[Any], group: str, began_at: datetime, n_events: int) -> list[Event]:
    """Lock at most so many waiting events until the transaction ends, without those tried since `began_at`."""
    with connection.cursor(row_factory=class_row(Event)) as cursor:
        values = {"dataset_group": group, "began_at": began_at, "n_events": n_events}
        return cursor.execute(sql("events/outbox/claim").encode(), values).fetchall()


def mark_sent(connection: Connection[Any], group: str, event_ids: Collection[str]) -> None:
    """Record what the group's service has acknowledged."""
    values = {"dataset_group": group, "event_ids": list(event_ids)}
    connection.execute(sql("events/outbox/mark_sent").encode(), values)


def refuse(connection: Connection[Any], group: str, refusals: Mapping[str, str], max_attempts: int) -> int:
    """Record why the group's service refused events, by event id; return how many are dead now."""
    n_dead = 0
    for event_id, error in refusals.items():
        values = {"dataset_group": group, "event_id": event_id, "error": error, "max_attempts": max_attempts}
        n_dead += sum(is_dead for (is_dead,) in connection.execute(sql("events/outbox/refuse").encode(), values))
    return n_dead


def replay_dead(connection: Connection[Any], group: str) -> int:
    """Requeue all dead events of a group; return their number."""
    return connection.execute(sql("events/outbox/replay_dead").encode(), {"dataset_group": group}).rowcount


def p95_delay_seconds(connection: Connection[Any], group: str, since: datetime) -> float:
    """Return the 95th percentile of the seconds from row to acknowledgement, of the events acknowledged since."""
    values = {"dataset_group": group, "began_at": since}
    ((seconds,),) = connection.execute(sql("events/outbox/delays").encode(), values).fetchall()
    return float(seconds)


@cache
def _non_product_patterns() -> list[str]:
    """Patterns of the codes that are no products: dbt's own list, read as the file it is."""
    with _NON_PRODUCT_CODES.open(newline="") as seed:
        return [row["product_id_pattern"] for row in csv.DictReader(seed)]
