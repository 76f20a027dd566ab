"""The ledger of windows: what was fetched, what was proven, and therefore up to when a source is known whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection

from aisle.errors import RetryableError
from aisle.orders.windows import Kind, Window
from aisle.warehouse import sql


class WindowIsTaken(RetryableError):
    """Another process works on the same window."""


class Proof(NamedTuple):
    """Counts of a proven window: orders and order items as sent, each order once, in its newest version."""

    orders: int
    orders_changed: int
    order_items: int
    merged_items: int
    rejected_items: int
    #: Orders that came on more than one page in the same version.
    repeated_orders: int = 0
    #: Orders that raw has and the API no longer gives.
    vanished_orders: int = 0


@dataclass(frozen=True)
class Ledger:
    """The part of the ledger that one run keeps for one source. A change is part of the caller's transaction."""

    connection: Connection
    source: str
    run_key: str

    def watermark(self, start_at: datetime) -> datetime:
        """End of the unbroken run of proven scheduled windows that begins at `start_at`."""
        found = self._execute("ops/ingest_windows/watermark", start_at=start_at).fetchone()
        moment: datetime = found[0] if found else start_at
        return moment

    def gaps(self, start_at: datetime) -> list[Window]:
        """Spans between `start_at` and the last proven window that no proven window covers."""
        return [Window(*span) for span in self._execute("ops/ingest_windows/gaps", start_at=start_at)]

    def abandon_running(self) -> None:
        """Mark windows as failed whose process died before it could say so."""
        self._execute("ops/ingest_windows/abandon")

    def distrust_future(self) -> list[Window]:
        """Take back the proof of windows that were begun by a clock that ran ahead of the database's."""
        return [Window(*span) for span in self._execute("ops/ingest_windows/distrust")]

    def forget_unchanged(self, window: Window) -> None:
        """Drop a tail that brought nothing, so that one a minute does not swamp the ledger."""
        self._execute("ops/ingest_windows/forget_unchanged", window)

    @contextmanager
    def claimed(self, window: Window) -> Iterator[None]:
        """Be the only one who works on a window. Raises WindowIsTaken if somebody else does."""
        if self._execute("ops/ingest_windows/claim", window).fetchone() != (True,):
            raise WindowIsTaken(
                f"pulling window {window} of {self.source} in run {self.run_key}: another process is at it; this "
                "task tries again later, and then finds it done or takes it up"
            )
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # a session that is lost has lost its locks, too
                self._execute("ops/ingest_windows/release", window)

    def proof(self, window: Window) -> Proof | None:
        """What this run has proven of a window already, if it has."""
        found = self._execute("ops/ingest_windows/proof", window).fetchone()
        return Proof(*found) if found else None

    def begin(self, window: Window, kind: Kind) -> None:
        self._execute("ops/ingest_windows/begin", window, kind=kind)

    def fail(self, window: Window, error: str) -> None:
        self._execute("ops/ingest_windows/fail", window, error=error)

    def prove(
        self, window: Window, kind: Kind, pages: int, repeated_orders: int, answered_at: datetime | None
    ) -> tuple[Proof, datetime]:
        """Say that a window is in raw, and give up to when that is proven.

        `answered_at` is the API's own clock at its first answer. Belongs in the transaction of the merge.
        """
        values = {"kind": kind, "pages": pages, "repeated_orders": repeated_orders, "answered_at": answered_at}
        found = self._execute("ops/ingest_windows/prove", window, **values).fetchone()
        if found is None:
            raise LookupError(f"window {window} of {self.source} was never begun in run {self.run_key}")
        *counts, proven_until = found
        return Proof(*counts), proven_until

    def _execute(self, name: str, window: Window | None = None, **values: Any) -> Any:
        span = {"window_start": window.start, "window_end": window.end} if window else {}
        return self.connection.execute(
            sql(name).encode(),
            {"source": self.source, "run_key": self.run_key, **span, **values},
        )


def changes(connection: Connection) -> dict[str, Any]:
    """How many order versions were ever written to raw, and since when: unequal to an earlier answer, there is news.

    Plain JSON, as it travels with the asset `raw_orders`.
    """
    found = connection.execute(sql("ops/ingest_windows/changes").encode()).fetchone()
    n_changes, began_at = found or (0, None)
    return {"n_changes": n_changes, "ledger_began_at": began_at.isoformat() if began_at else None}
