"""Drops: files of orders in a folder per source. Each file is read once, whole or not at all, and stops no other.

The orders of a file take the way of a page: redacted, archived with everything that the file said, landed and merged.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec
import psycopg

from aisle.errors import AisleError
from aisle.identity.hashing import PersonHasher
from aisle.orders.answer import Page
from aisle.orders.archive import Archive
from aisle.orders.currency import Rates, rates_of
from aisle.orders.fields import FieldCensus, shape_of
from aisle.orders.inbox import Content, DroppedFile, FileHasMoved, FileStays, Inbox
from aisle.orders.landing import LandedOrder, Lander, LeftOut
from aisle.orders.redaction import Redaction
from aisle.orders.staging import Staging
from aisle.orders.windows import Window
from aisle.settings import get_settings
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
_SHOWN_STRAYS = 5


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
        self._failed: list[str] = []

    def read(self) -> ReadFiles:
        """Read every file that waits and was not read before. One that cannot be read stays, with its error.

        Rates go first, so that orders in another currency find them.
        """
        read = ReadFiles()
        self._failed.clear()
        for file in self._inbox.files([RATES]):
            read = self._read_or_fail(file, read)
        self._rates = Rates.read(self._connection, self._currency)
        folders = [source.name for source in file_sources()]
        for file in self._inbox.files(folders):
            read = self._read_or_fail(file, read)
        self._warn_of_strays([RATES, *folders])
        return replace(read, failed=tuple(self._failed))

    def _warn_of_strays(self, folders: list[str]) -> None:
        strays = self._inbox.strays(folders)
        if strays:
            log.warning(
                "files wait where no source looks: %s; drop each into the folder of its source, one of %s",
                ", ".join(strays[:_SHOWN_STRAYS]), ", ".join(folders),
            )  # fmt: skip

    def _read_or_fail(self, file: DroppedFile, read: ReadFiles) -> ReadFiles:
        try:
            if file.n_bytes > self._max_bytes:
                raise unusable(
                    file.name,
                    f"it has {file.n_bytes:,} bytes; split it, or raise AISLE_INGEST__MAX_DROP_MEGABYTES",
                )
            content = self._inbox.read(file)
            content_hash = sha256(content.body).hexdigest()
            with self._claimed(file, content_hash) as is_mine:
                counts = self._read_once(file, content, content_hash) if is_mine else None
        except FileHasMoved as error:
            log.info("%s", error)
            return read
        except (AisleError, psycopg.DataError, psycopg.IntegrityError) as error:
            self._note_failure(file, error)
            return read
        if counts is None:
            return read
        orders, changed, items, rejected = counts
        return ReadFiles(
            read.files + 1, read.n_bytes + len(content.body), read.orders + orders, read.orders_changed + changed,
            read.order_items + items, read.rejected_items + rejected,
        )  # fmt: skip

    def _read_once(self, file: DroppedFile, content: Content, content_hash: str) -> tuple[int, ...] | None:
        """Read a file unless its content was read before. Returns its counts."""
        if self._execute("ops/dropped_files/is_read", file, content_hash).fetchone() == (True,):
            log.info("%s of %s was read before", file.name, file.folder)
            self._execute("ops/dropped_files/forget_failure", file, content_hash, name=file.name)
            counts = None
        elif file.folder == RATES:
            self._load_rates(file, content.body, content_hash)
            counts = None
        else:
            counts = self._load(file, content.body, content_hash)
            log.info(
                "%s of %s: %d orders, %d changed, %d order items, %d of them rejected",
                file.name, file.folder, *counts,
            )  # fmt: skip
        if not self._keep:
            self._remove(file, content.version)
        return counts

    def _remove(self, file: DroppedFile, version: str) -> None:
        """Delete a file that was read. Another one in its place is for the next run; one that stays is a failure."""
        try:
            self._inbox.remove(file, version)
        except FileHasMoved as error:
            log.info("%s", error)
        except FileStays as error:
            self._note_failure(file, error)

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
        self._failed.append(file.name)
        place = sha256(file.place.encode(errors="surrogateescape")).hexdigest()
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
