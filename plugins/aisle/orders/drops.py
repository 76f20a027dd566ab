"""Drops: files of orders in a folder per source. Each file is read once, whole or not at all, and stops no other.

The orders of a file take the way of a page: redacted, archived with everything that the file said, landed and merged.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import msgspec
import psycopg

from aisle.errors import AisleError, ConfigurationError
from aisle.identity.hashing import PersonHasher
from aisle.objects import S3Uri, list_objects
from aisle.orders.answer import Page
from aisle.orders.archive import Archive
from aisle.orders.currency import Rates, rates_of
from aisle.orders.fields import FieldCensus, shape_of
from aisle.orders.landing import LandedOrder, Lander, LeftOut
from aisle.orders.redaction import Redaction
from aisle.orders.staging import Staging
from aisle.orders.windows import Window
from aisle.settings import get_settings, in_project
from aisle.sources import file_sources, source_named
from aisle.sources.rows import FileOrder, FileOrders, orders_of
from aisle.sources.tables import Table, read_table, unusable
from aisle.warehouse import sql

log = logging.getLogger(__name__)

#: The folder of tables of exchange rates.
RATES = "exchange_rates"
_PAGE_ORDERS = 1000
_MEGABYTE = 1_000_000
_SHOWN_ROWS = 5
#: How programs call a file that they are still writing.
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """A file that waits: the folder it was dropped into, which is a source's or that of the rates, and since when."""

    folder: str
    name: str
    place: str
    n_bytes: int
    modified_at: datetime


class Inbox(Protocol):
    """Where files are dropped, in a folder per source."""

    def files(self, folders: Iterable[str]) -> list[DroppedFile]: ...

    def read(self, file: DroppedFile) -> bytes: ...

    def remove(self, file: DroppedFile) -> None: ...


class FolderInbox:
    """An inbox on disk."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigurationError(
                f"looking for files of orders in {folder}: there is no such folder; create it, or correct "
                "AISLE_INGEST__DROPS"
            )
        self._folder = folder

    def files(self, folders: Iterable[str]) -> list[DroppedFile]:
        """Return the files that wait, the oldest first: of two versions of an order the newest file's counts."""
        waiting = [
            DroppedFile(
                folder, path.name, str(path), path.stat().st_size, datetime.fromtimestamp(path.stat().st_mtime, UTC)
            )
            for folder in folders
            for path in (self._folder / folder).glob("*")
            if path.is_file() and _is_finished(path.name)
        ]
        return sorted(waiting, key=_by_age)

    def read(self, file: DroppedFile) -> bytes:
        return Path(file.place).read_bytes()

    def remove(self, file: DroppedFile) -> None:
        Path(file.place).unlink(missing_ok=True)


class S3Inbox:
    """An inbox on S3; `s3` is a boto3 client."""

    def __init__(self, s3: Any, prefix: S3Uri) -> None:
        self._s3 = s3
        self._prefix = prefix if prefix.is_folder or not prefix.key else S3Uri(prefix.bucket, f"{prefix.key}/")

    def files(self, folders: Iterable[str]) -> list[DroppedFile]:
        """Return the objects that wait, the oldest first: of two versions of an order the newest object's counts."""
        waiting = [
            DroppedFile(folder, name, entry.key, entry.size, entry.last_modified)
            for folder in folders
            for entry in list_objects(self._s3, S3Uri(self._prefix.bucket, f"{self._prefix.key}{folder}/"))
            if (name := entry.key.rsplit("/", 1)[-1]) and _is_finished(name)
        ]
        return sorted(waiting, key=_by_age)

    def read(self, file: DroppedFile) -> bytes:
        body: bytes = self._s3.get_object(Bucket=self._prefix.bucket, Key=file.place)["Body"].read()
        return body

    def remove(self, file: DroppedFile) -> None:
        self._s3.delete_object(Bucket=self._prefix.bucket, Key=file.place)


def inbox_at(place: str, s3: Any) -> Inbox:
    """Return the inbox at `s3://bucket/prefix/` or in a folder. Raises ConfigurationError if there is none."""
    return S3Inbox(s3, S3Uri.parse(place)) if place.startswith("s3://") else FolderInbox(in_project(place))


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """What a run read: counts over all files, and the files that failed."""

    files: int = 0
    n_bytes: int = 0
    orders: int = 0
    orders_changed: int = 0
    order_items: int = 0
    rejected_items: int = 0
    failed: tuple[str, ...] = ()


class Drops:
    """Read what waits in an inbox. `connection` must be in autocommit."""

    def __init__(
        self,
        inbox: Inbox,
        archive: Archive,
        hasher: PersonHasher,
        connection: psycopg.Connection,
        *,
        keep: bool = False,
        max_megabytes: float = 256,
    ) -> None:
        self._inbox, self._archive, self._hasher, self._connection = inbox, archive, hasher, connection
        self._keep = keep
        self._max_bytes = max_megabytes * _MEGABYTE
        self._staging = Staging(connection)
        self._currency = get_settings().ingest.currency
        self._rates = Rates(self._currency)

    def read(self) -> ReadFiles:
        """Read every file that waits and was not read before. One that cannot be read stays, with its error.

        Rates go first, so that orders in another currency find them.
        """
        read = ReadFiles()
        for file in self._inbox.files([RATES]):
            read = self._read_or_fail(file, read)
        self._rates = Rates.read(self._connection, self._currency)
        for file in self._inbox.files(source.name for source in file_sources()):
            read = self._read_or_fail(file, read)
        return read

    def _read_or_fail(self, file: DroppedFile, read: ReadFiles) -> ReadFiles:
        try:
            if file.n_bytes > self._max_bytes:
                raise unusable(
                    file.name,
                    f"it has {file.n_bytes:,} bytes; split it, or raise AISLE_INGEST__MAX_DROP_MEGABYTES",
                )
            body = self._inbox.read(file)
            content_hash = sha256(body).hexdigest()
            with self._claimed(file, content_hash) as is_mine:
                counts = self._read_once(file, body, content_hash) if is_mine else None
        except (AisleError, psycopg.DataError) as error:
            self._note_failure(file, error)
            return replace(read, failed=(*read.failed, file.name))
        if counts is None:
            return read
        orders, changed, items, rejected = counts
        return ReadFiles(
            read.files + 1, read.n_bytes + len(body), read.orders + orders, read.orders_changed + changed,
            read.order_items + items, read.rejected_items + rejected, read.failed,
        )  # fmt: skip

    def _read_once(self, file: DroppedFile, body: bytes, content_hash: str) -> tuple[int, ...] | None:
        """Read a file unless its content was read before. Returns its counts."""
        if self._execute("ops/dropped_files/is_read", file, content_hash).fetchone() == (True,):
            log.info("%s of %s was read before", file.name, file.folder)
            counts = None
        elif file.folder == RATES:
            self._load_rates(file, body, content_hash)
            counts = None
        else:
            counts = self._load(file, body, content_hash)
            log.info(
                "%s of %s: %d orders, %d changed, %d order items, %d of them rejected",
                file.name, file.folder, *counts,
            )  # fmt: skip
        if not self._keep:
            self._inbox.remove(file)
        return counts

    def _load(self, file: DroppedFile, body: bytes, content_hash: str) -> tuple[int, ...]:
        source, table = source_named(file.folder), read_table(file.name, body)
        read = orders_of(file.name, table, source)
        lander = Lander(source, self._hasher, rates=self._rates)
        redaction = Redaction(self._connection, source.name, self._hasher)
        self._staging.clear()
        for number, orders in enumerate(_pages(read.orders), 1):
            with redaction.applied(_page(number, orders)) as page:
                archive_key = self._archive.store_dropped(file.folder, content_hash, page)
            self._staging.add(
                _landed(lander, raw, order, archive_key, file.name)
                for raw, order in zip(page.orders, orders, strict=True)
            )
        with self._connection.transaction():
            # No answer for a time: of a file, no order is missing.
            no_time = Window(file.modified_at, file.modified_at)
            self._staging.merge(file.folder, no_time, self._archive.run_key)
            _census_of(table, read).store(self._connection, file.folder, self._archive.run_key)
            counts: tuple[int, ...] = self._execute(
                "ops/dropped_files/record", file, content_hash, name=file.name, n_bytes=len(body)
            ).fetchone()
            self._execute("ops/dropped_files/forget_failure", file, content_hash, name=file.name)
        return counts

    def _load_rates(self, file: DroppedFile, body: bytes, content_hash: str) -> None:
        """Load a table of rates; reading it again changes nothing, so it needs no ledger."""
        rates = rates_of(file.name, read_table(file.name, body))
        currencies, days, values = map(list, zip(*rates, strict=True))
        with self._connection.transaction():
            self._execute(
                "raw/exchange_rates/upsert", file, content_hash, currencies=currencies, days=days, rates=values
            )
            self._execute("ops/dropped_files/forget_failure", file, content_hash, name=file.name)
        log.info("%s: %d exchange rates", file.name, len(rates))

    def _note_failure(self, file: DroppedFile, error: Exception) -> None:
        """Record the failure: Aisle's own messages, which have no personal data, or only the type of another error."""
        said = str(error) if isinstance(error, AisleError) else f"storing {file.name}: {type(error).__name__}"
        log.error("%s: %s; the other files are read", file.folder, said)
        place = sha256(file.place.encode()).hexdigest()
        with suppress(psycopg.Error):  # the lost connection may be the very failure
            self._execute("ops/dropped_files/fail", file, place, name=file.name, n_bytes=file.n_bytes, error=said)

    @contextmanager
    def _claimed(self, file: DroppedFile, content_hash: str) -> Iterator[bool]:
        """Hold the lock of a file; false if another process reads it."""
        is_mine = self._execute("ops/dropped_files/claim", file, content_hash).fetchone() == (True,)
        try:
            yield is_mine
        finally:
            if is_mine:
                with suppress(psycopg.Error):  # a lost session has lost its locks, too
                    self._execute("ops/dropped_files/release", file, content_hash)

    def _execute(self, statement: str, file: DroppedFile, content_hash: str, **values: Any) -> Any:
        common = {"source": file.folder, "content_hash": content_hash, "run_key": self._archive.run_key}
        return self._connection.execute(sql(statement).encode(), {**common, **values})


def _by_age(file: DroppedFile) -> tuple[datetime, str]:
    return file.modified_at, file.place


def _is_finished(name: str) -> bool:
    return not name.startswith((".", "~")) and not name.endswith(_UNFINISHED)


def _pages(orders: Sequence[FileOrder]) -> Iterator[list[FileOrder]]:
    waiting = iter(orders)
    while page := list(islice(waiting, _PAGE_ORDERS)):
        yield page


def _page(number: int, orders: Sequence[FileOrder]) -> Page:
    raws = [msgspec.Raw(msgspec.json.encode({**order.order, "rows": order.rows})) for order in orders]
    return Page(number, b'{"data":[' + b",".join(map(bytes, raws)) + b"]}", raws, None)


def _census_of(table: Table, read: FileOrders) -> FieldCensus:
    """Count how many rows have something in each column."""
    census = FieldCensus(lambda column: column not in read.unknown)
    census.add_orders(len(read.orders))
    rows = [row for row in table.rows if not row.problem]
    times = Counter(column for row in rows for column in row.cells)
    examples = {column: text for row in reversed(rows) for column, text in row.cells.items()}
    for column, n_rows in times.items():
        census.count(column, shape_of(examples[column]), n_rows)
    return census


def _landed(lander: Lander, raw: msgspec.Raw, order: FileOrder, archive_key: str, file_name: str) -> LandedOrder:
    """Land an order; its rejects say which rows of the file they are of."""
    landed = lander.land(raw, archive_key, LeftOut(order.left_out, order.items_left_out))
    rejects = [
        reject._replace(detail=f"{reject.detail}; {_place(order.rows, reject.line_number)} of {file_name}")
        for reject in landed.rejects
    ]
    return LandedOrder(landed.order, landed.items, rejects, landed.person)


def _place(rows: Sequence[int], line_number: int | None) -> str:
    if line_number is not None:
        return f"row {rows[line_number - 1]}"
    more = f" and {len(rows) - _SHOWN_ROWS} more" if len(rows) > _SHOWN_ROWS else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {', '.join(map(str, rows[:_SHOWN_ROWS]))}{more}"
