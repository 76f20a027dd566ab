"""Single records of PutEvents, PutItems and PutUsers, on disk and in memory.

An acknowledged record is on disk (SQLite, WAL, full sync). Calls that wait at the same time share one transaction, so
that thirty-two clients do not need a sync each. Readers never wait for writers: they read immutable values.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from services.engine.data.attributes import SEPARATOR
from services.engine.statements import sql

#: Number of a user's events in memory; training and exports read all of them from disk.
EVENTS_IN_MEMORY = 500

Cells = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its cells by column name, and the ARN of its dataset.

    subject            id of the item or user; of an event, the user, or the session of an anonymous user
    session, event_id  None unless it is an event
    """

    dataset: str
    subject: str
    cells: Cells
    session: str | None = None
    event_id: str | None = None

    @property
    def fingerprint(self) -> bytes | None:
        """Equal for events that count as one: same subject, time and properties. None for items and users."""
        if self.session is None:
            return None
        content = orjson.dumps([self.subject, self.cells], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(content, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Stored:
    """A record and its number, which grows with time over all datasets."""

    seq: int
    record: Record


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """An event of PutEvents. `user_id` is the session of an anonymous user; `timestamp` is in epoch seconds."""

    seq: int
    user_id: str
    session_id: str
    item_id: str
    event_type: str
    event_value: float | None
    timestamp: int
    event_id: str | None
    impression: tuple[str, ...]
    recommendation_id: str | None
    source: str | None

    @classmethod
    def of(cls, stored: Stored) -> LiveEvent:
        record, cells = stored.record, stored.record.cells
        shown = cells.get("IMPRESSION")
        return cls(
            stored.seq, record.subject, record.session or "", cells["ITEM_ID"], cells["EVENT_TYPE"],
            cells.get("EVENT_VALUE"), cells["TIMESTAMP"], record.event_id,
            tuple(shown.split(SEPARATOR)) if shown else (),
            cells.get("RECOMMENDATION_ID"), cells.get("EVENT_ATTRIBUTION_SOURCE"),
        )  # fmt: skip


@dataclass
class _Batch:
    """The records of one call, and the result of storing them."""

    records: Sequence[Record]
    stored: list[Stored] | None = None
    error: Exception | None = None


@dataclass
class _Memory:
    """The records of one dataset in memory: the latest events by user, or the newest cells by id, latest put last."""

    newest_seq: int = 0
    events: dict[str, tuple[LiveEvent, ...]] = field(default_factory=dict)
    cells: dict[str, tuple[int, Cells]] = field(default_factory=dict)

    def take(self, stored: Stored) -> None:
        record = stored.record
        self.newest_seq = max(self.newest_seq, stored.seq)
        if record.session is None:
            self.cells.pop(record.subject, None)
            self.cells[record.subject] = stored.seq, record.cells
        elif record.cells.get("ITEM_ID"):
            events = (*self.events.get(record.subject, ()), LiveEvent.of(stored))
            if len(events) > 1 and events[-1].timestamp < events[-2].timestamp:
                events = tuple(sorted(events, key=lambda event: event.timestamp))
            self.events[record.subject] = events[-EVENTS_IN_MEMORY:]


class Records:
    """The single records of all datasets, by the dataset's ARN. Safe to call from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: deque[_Batch] = deque()
        self._writing = threading.Lock()
        self._remembering = threading.Lock()
        self._memory: dict[str, _Memory] = {}
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        # Deleted data is personal: overwrite it instead of only unlinking it.
        self._connection.execute("pragma secure_delete = on")
        self._connection.executescript(sql("records/create"))
        self._remember(self._read(sql("records/select_all")))

    def close(self) -> None:
        with self._writing:
            self._connection.close()

    def add(self, records: Sequence[Record]) -> list[Stored]:
        """Store records, all or none; on return they are on disk. Return those that do not repeat an earlier record."""
        batch = _Batch(records)
        self._waiting.append(batch)
        with self._writing:
            if batch.stored is None and batch.error is None:
                self._write_all()
        if batch.error is not None:
            raise batch.error
        return batch.stored or []

    def newest(self, dataset: str) -> int:
        """Return the number of the dataset's newest record, 0 without any."""
        memory = self._memory.get(dataset)
        return memory.newest_seq if memory else 0

    def events_of(self, dataset: str, user_ids: Sequence[str]) -> list[tuple[LiveEvent, ...]]:
        """Return the latest events of each of some users or sessions, oldest first."""
        memory = self._memory.get(dataset)
        return [memory.events.get(user_id, ()) for user_id in user_ids] if memory else [()] * len(user_ids)

    def events(self, dataset: str) -> dict[str, tuple[LiveEvent, ...]]:
        """Return the latest events of all users, by user."""
        memory = self._memory.get(dataset)
        with self._remembering:
            return dict(memory.events) if memory else {}

    def cells_since(self, dataset: str, seq: int) -> dict[str, Cells]:
        """Return the newest cells of items or users that were put after the record `seq`, by id."""
        memory = self._memory.get(dataset)
        if memory is None or memory.newest_seq <= seq:
            return {}
        newer: dict[str, Cells] = {}
        with self._remembering:
            for key, (number, cells) in reversed(memory.cells.items()):
                if number <= seq:
                    break
                newer[key] = cells
        return newer

    def all(self, dataset: str) -> Iterator[Stored]:
        """Yield every record of a dataset, oldest first, from disk."""
        return self._read(sql("records/select_of_dataset"), dataset=dataset)

    def remove(self, dataset: str, subjects: Iterable[str]) -> int:
        """Delete the records of some users, and those of their sessions from before they were known."""
        arguments = {"dataset": dataset, "subjects": json.dumps([*subjects])}
        with self._writing:
            # Before the deletion: only the rows to be deleted tell whose a session is.
            sessions = [row[0] for row in self._connection.execute(sql("records/select_sessions_of"), arguments)]
            arguments["sessions"] = json.dumps(sessions)
            n_removed = self._connection.execute(sql("records/delete_of"), arguments).rowcount
            self._connection.execute("pragma wal_checkpoint(truncate)")
            self._remember_again(dataset)
        return n_removed

    def forget(self, dataset: str) -> None:
        """Delete all records of a deleted dataset."""
        with self._writing:
            self._connection.execute("delete from records where dataset = ?", (dataset,))
            self._memory.pop(dataset, None)

    def count(self) -> int:
        """Count the records of all datasets."""
        with self._writing:
            return int(self._connection.execute("select count(*) from records").fetchone()[0])

    def datasets(self) -> list[str]:
        """Return the ARNs of the datasets that have records."""
        return [*self._memory]

    def _write_all(self) -> None:
        """Write the batches of all waiting calls in one transaction: the call with the lock writes for the others."""
        batches = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._connection.execute("begin immediate")
            stored = [self._insert(batch.records) for batch in batches]
            self._connection.execute("commit")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            for batch in batches:
                batch.error = error
            return
        for batch, kept in zip(batches, stored, strict=True):
            self._remember(kept)
            batch.stored = kept

    def _insert(self, records: Iterable[Record]) -> list[Stored]:
        kept = []
        for record in records:
            row = (
                record.dataset,
                record.subject,
                record.session,
                record.event_id,
                record.fingerprint,
                orjson.dumps(record.cells).decode(),
            )
            if inserted := self._connection.execute(sql("records/insert"), row).fetchone():
                kept.append(Stored(inserted[0], record))
        return kept

    def _read(self, select: str, **arguments: str) -> Iterator[Stored]:
        """Yield records over a connection of their own, so that writers need not wait."""
        with closing(sqlite3.connect(self._path)) as connection:
            for seq, dataset, subject, session, event_id, cells in connection.execute(select, arguments):
                yield Stored(seq, Record(dataset, subject, orjson.loads(cells), session, event_id))

    def _remember(self, kept: Iterable[Stored]) -> None:
        with self._remembering:
            for stored in kept:
                self._memory.setdefault(stored.record.dataset, _Memory()).take(stored)

    def _remember_again(self, dataset: str) -> None:
        memory = _Memory(self.newest(dataset))
        for stored in self.all(dataset):
            memory.take(stored)
        self._memory[dataset] = memory


def linked(stored: Iterable[Stored]) -> list[Stored]:
    """Return events, oldest first, in which anonymous ones get the user who appears later in the same session."""
    users: dict[str, str] = {}
    newest_first = []
    for event in reversed([*stored]):
        session = event.record.session or ""
        if "USER_ID" in event.record.cells:
            users[session] = event.record.subject
        elif session in users:
            event = Stored(event.seq, replace(event.record, subject=users[session]))
        newest_first.append(event)
    return newest_first[::-1]
