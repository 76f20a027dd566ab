"""The store of resources and tags: one SQLite file.

An acknowledged write is on disk: WAL with `synchronous = full`, one writer. Data and models are immutable files beside
it that a record names, so one transaction makes a finished job's files and its status visible together.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from personalize_kinds.kinds import KINDS, Kind
from services.engine.errors import AlreadyExists, NotFound
from services.engine.resources import Resource
from services.engine.statements import sql

_ALL_ROWS = -1


class Store:
    """Resources by ARN. Safe to call from any thread; `transaction()` groups reads and writes."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._changes = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(sql("resources/create"))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Group reads and writes: all or nothing, with no other thread in between. If nested, the outermost commits."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("begin immediate")
            written = self._connection.total_changes
            try:
                yield
                self._connection.execute("commit")
            except BaseException:
                self._roll_back()
                raise
            if self._connection.total_changes != written:
                self._changes += 1

    def _roll_back(self) -> None:
        """Roll back, unless a full disk has ended the transaction: one left open would swallow all later ones."""
        if self._connection.in_transaction:
            self._connection.execute("rollback")

    @property
    def changes(self) -> int:
        """The number of transactions that changed something; data read at an equal count is current. Takes no lock."""
        return self._changes

    def add(self, resource: Resource, tags: Iterable[Mapping[str, str]] = ()) -> None:
        """Store a new resource and set its number. Raises AlreadyExists if its ARN is taken."""
        with self.transaction():
            row = {**_row(resource), "kind": resource.kind.noun, "region": resource.region}
            try:
                resource.seq = self._connection.execute(sql("resources/insert"), row).lastrowid or 0
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(
                    f"Another resource with Arn {resource.arn} already exists; choose another name or describe that one"
                ) from error
            self.tag(resource.arn, tags)

    def save(self, *resources: Resource) -> None:
        """Store the current state of existing resources, in one transaction."""
        with self.transaction():
            self._connection.executemany(sql("resources/update"), [_row(resource) for resource in resources])

    def find(self, kind: Kind, arn: str) -> Resource | None:
        """Return a resource, or None."""
        with self._lock:
            row = self._connection.execute("select * from resources where arn = ?", (arn,)).fetchone()
        return _resource(row) if row and row["kind"] == kind.noun else None

    def get(self, kind: Kind, arn: str) -> Resource:
        """Return a resource. Raises NotFound."""
        resource = self.find(kind, arn)
        if resource is None:
            raise NotFound(f"Resource Arn {arn} does not exist among {kind.list_member}")
        return resource

    def page(
        self,
        kind: Kind,
        *,
        region: str | None = None,
        where: tuple[str, str] | None = None,
        before: int | None = None,
        rows: int = _ALL_ROWS,
    ) -> list[Resource]:
        """Return resources of a kind, newest first; `where` is a member that names another resource, and its value."""
        statement = sql("resources/select_page_of") if where else sql("resources/select_page")
        arguments = {"kind": kind.noun, "region": region, "before": before, "page_rows": rows, **_link(where)}
        with self._lock:
            return [_resource(row) for row in self._connection.execute(statement, arguments)]

    def count(
        self, kind: Kind, *, region: str, where: tuple[str, str] | None = None, statuses: Iterable[str] = ()
    ) -> int:
        """Count the resources of a kind, all of them or those in one of these statuses."""
        arguments = {"kind": kind.noun, "region": region, "statuses": json.dumps([*statuses]), **_link(where)}
        with self._lock:
            return int(self._connection.execute(sql("resources/count"), arguments).fetchone()[0])

    def in_status(self, statuses: Iterable[str], kind: Kind | None = None) -> list[Resource]:
        """Return the resources in one of these statuses, oldest first."""
        arguments = {"kind": kind.noun if kind else None, "statuses": json.dumps([*statuses])}
        with self._lock:
            return [_resource(row) for row in self._connection.execute(sql("resources/select_in_status"), arguments)]

    def in_update(self) -> list[Resource]:
        """Return the resources with an unfinished update, oldest first."""
        with self._lock:
            return [_resource(row) for row in self._connection.execute(sql("resources/select_in_update"))]

    def current(self, resource: Resource) -> Resource | None:
        """Return the current state of a resource; None if it was deleted, even if another has its name now."""
        stored = self.find(resource.kind, resource.arn)
        return stored if stored and stored.seq == resource.seq else None

    def remove(self, *resources: Resource) -> None:
        """Delete resources and their tags."""
        arns = [(resource.arn,) for resource in resources]
        with self.transaction():
            self._connection.executemany("delete from resources where arn = ?", arns)
            self._connection.executemany("delete from tags where arn = ?", arns)

    def exists(self, arn: str) -> bool:
        with self._lock:
            return bool(self._connection.execute("select 1 from resources where arn = ?", (arn,)).fetchone())

    def tag(self, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        """Add tags, or replace the values of existing ones."""
        rows = [(arn, tag["tagKey"], tag["tagValue"]) for tag in tags]
        with self.transaction():
            self._connection.executemany("insert or replace into tags values (?, ?, ?)", rows)

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        with self.transaction():
            rows = [(arn, key) for key in keys]
            self._connection.executemany("delete from tags where arn = ? and tag_key = ?", rows)

    def tags(self, arn: str) -> list[dict[str, str]]:
        """Return the tags of a resource, in order of their keys."""
        with self._lock:
            rows = self._connection.execute("select * from tags where arn = ? order by tag_key", (arn,)).fetchall()
        return [{"tagKey": row["tag_key"], "tagValue": row["tag_value"]} for row in rows]


def _link(where: tuple[str, str] | None) -> dict[str, str | None]:
    member, value = where or (None, None)
    if member and not member.endswith(("Arn", "Id")):
        raise ValueError(f"'{member}' is not a member that names another resource, by which resources can be found")
    return {"member": member, "value": value}


def _row(resource: Resource) -> dict[str, Any]:
    return {"arn": resource.arn, "body": json.dumps(resource.body), "inner": json.dumps(resource.inner)}


def _resource(row: sqlite3.Row) -> Resource:
    return Resource(KINDS[row["kind"]], row["arn"], json.loads(row["body"]), json.loads(row["inner"]), seq=row["seq"])
