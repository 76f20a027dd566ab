"""What the engine remembers: resources and tags in one SQLite file.

An acknowledged write is on disk: WAL with `synchronous = full`, one writer. Data and models lie beside it as immutable
files that a record names, so one transaction makes a finished job's files and its status visible together.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from personalize_kinds.kinds import KINDS, Kind
from services.engine.errors import AlreadyExists, NotFound
from services.engine.resources import Resource

_SQL = Path(__file__).parent / "sql"
_ALL_ROWS = -1


@cache
def _sql(name: str) -> str:
    return (_SQL / f"{name}.sql").read_text()


class Store:
    """Resources by ARN. Safe to call from any thread; `transaction()` groups reads and writes."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._changes = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = full")
        self._connection.executescript(_sql("create"))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody else in between. May be nested: the outermost one commits."""
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
        """End the transaction, unless a full disk has: one left open would swallow all later ones."""
        if self._connection.in_transaction:
            self._connection.execute("rollback")

    @property
    def changes(self) -> int:
        """Counts the transactions that changed something: what was read at an equal count is still so. No lock."""
        return self._changes

    def add(self, resource: Resource, tags: Iterable[Mapping[str, str]] = ()) -> None:
        """Store a new resource and give it its number. Raises AlreadyExists if its ARN is taken."""
        with self.transaction():
            row = {**_row(resource), "kind": resource.kind.noun, "region": resource.region}
            try:
                resource.seq = self._connection.execute(_sql("insert"), row).lastrowid or 0
            except sqlite3.IntegrityError as error:
                raise AlreadyExists(
                    f"Another resource with Arn {resource.arn} already exists; choose another name or describe that one"
                ) from error
            self.tag(resource.arn, tags)

    def save(self, *resources: Resource) -> None:
        """Store the present state of resources that exist, in one transaction."""
        with self.transaction():
            self._connection.executemany(_sql("update"), [_row(resource) for resource in resources])

    def find(self, kind: Kind, arn: str) -> Resource | None:
        """The resource, or None."""
        with self._lock:
            row = self._connection.execute("select * from resources where arn = ?", (arn,)).fetchone()
        return _resource(row) if row and row["kind"] == kind.noun else None

    def get(self, kind: Kind, arn: str) -> Resource:
        """The resource. Raises NotFound."""
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
        """Resources of a kind, newest first; `where` is a member that names another resource, and that name."""
        statement = _sql("select_page_of" if where else "select_page")
        arguments = {"kind": kind.noun, "region": region, "before": before, "page_rows": rows, **_link(where)}
        with self._lock:
            return [_resource(row) for row in self._connection.execute(statement, arguments)]

    def count(
        self, kind: Kind, *, region: str, where: tuple[str, str] | None = None, statuses: Iterable[str] = ()
    ) -> int:
        """How many resources `page` would give, all of them or those in one of these states."""
        arguments = {"kind": kind.noun, "region": region, "statuses": json.dumps([*statuses]), **_link(where)}
        with self._lock:
            return int(self._connection.execute(_sql("count"), arguments).fetchone()[0])

    def in_status(self, statuses: Iterable[str], kind: Kind | None = None) -> list[Resource]:
        """Resources in one of these states, oldest first."""
        arguments = {"kind": kind.noun if kind else None, "statuses": json.dumps([*statuses])}
        with self._lock:
            return [_resource(row) for row in self._connection.execute(_sql("select_in_status"), arguments)]

    def in_update(self) -> list[Resource]:
        """Resources whose update has not ended, oldest first."""
        with self._lock:
            return [_resource(row) for row in self._connection.execute(_sql("select_in_update"))]

    def current(self, resource: Resource) -> Resource | None:
        """The same resource as it is now, or None if it is gone, even if its name has been taken again."""
        found = self.find(resource.kind, resource.arn)
        return found if found and found.seq == resource.seq else None

    def remove(self, *resources: Resource) -> None:
        """Forget resources and their tags."""
        arns = [(resource.arn,) for resource in resources]
        with self.transaction():
            self._connection.executemany("delete from resources where arn = ?", arns)
            self._connection.executemany("delete from tags where arn = ?", arns)

    def exists(self, arn: str) -> bool:
        with self._lock:
            return bool(self._connection.execute("select 1 from resources where arn = ?", (arn,)).fetchone())

    def tag(self, arn: str, tags: Iterable[Mapping[str, str]]) -> None:
        """Add tags, or give new values to those that exist."""
        rows = [(arn, tag["tagKey"], tag["tagValue"]) for tag in tags]
        with self.transaction():
            self._connection.executemany("insert or replace into tags values (?, ?, ?)", rows)

    def untag(self, arn: str, keys: Iterable[str]) -> None:
        with self.transaction():
            rows = [(arn, key) for key in keys]
            self._connection.executemany("delete from tags where arn = ? and tag_key = ?", rows)

    def tags(self, arn: str) -> list[dict[str, str]]:
        """The tags of a resource, by key."""
        with self._lock:
            rows = self._connection.execute("select * from tags where arn = ? order by tag_key", (arn,)).fetchall()
        return [{"tagKey": row["tag_key"], "tagValue": row["tag_value"]} for row in rows]


def _link(where: tuple[str, str] | None) -> dict[str, str | None]:
    member, value = where or (None, None)
    if member and not member.endswith(("Arn", "Id")):
        raise ValueError(f"resources are found by members that name others, which '{member}' does not")
    return {"member": member, "value": value}


def _row(resource: Resource) -> dict[str, Any]:
    return {"arn": resource.arn, "body": json.dumps(resource.body), "inner": json.dumps(resource.inner)}


def _resource(row: sqlite3.Row) -> Resource:
    return Resource(KINDS[row["kind"]], row["arn"], json.loads(row["body"]), json.loads(row["inner"]), seq=row["seq"])
