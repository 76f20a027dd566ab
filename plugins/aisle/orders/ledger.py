"""The ledger of windows: what was fetched and what is proven, which gives the watermark of each source."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from aisle.errors import RetryableError
from aisle.orders.windows import Kind, Window
from aisle.warehouse import sql


class WindowIsTaken(RetryableError):
    """Another process works on the same window."""


@dataclass(frozen=True, slots=True)
class Proof:
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

    @classmethod
    def total(cls, proofs: Sequence[Proof]) -> Proof:
        """Add up the counts of windows; zero without any."""
        return cls(*map(sum, zip(*map(astuple, proofs), strict=True))) if proofs else cls(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Ledger:
    """One run's part of the ledger of a source. A change is part of the caller's transaction."""

    connection: Connection
    source: str
    run_key: str

    def watermark(self, start_at: datetime) -> datetime:
        """Return the end of the unbroken run of proven scheduled windows that begins at `start_at`."""
        row = self._execute("ops/ingest_windows/watermark", start_at=start_at).fetchone()
        watermark: datetime = row[0] if row else start_at
        return watermark

    def gaps(self, start_at: datetime) -> list[Window]:
        """Return the spans between `start_at` and the last proven window that no proven window covers."""
        return [Window(*span) for span in self._execute("ops/ingest_windows/gaps", start_at=start_at)]

    def abandon_running(self) -> None:
        """Mark windows as failed whose process ended without recording a result."""
        self._execute("ops/ingest_windows/abandon")

    def distrust_future(self) -> list[Window]:
        """Revoke the proof of windows begun by a clock ahead of the database's; return them."""
        return [Window(*span) for span in self._execute("ops/ingest_windows/distrust")]

    def forget_unchanged(self, window: Window) -> None:
        """Delete a tail that brought nothing: one a minute would swamp the ledger."""
        self._execute("ops/ingest_windows/forget_unchanged", window)

    @contextmanager
    def claimed(self, window: Window) -> Iterator[None]:
        """Hold the lock of a window. Raises WindowIsTaken if another process holds it."""
        if self._execute("ops/ingest_windows/claim", window).fetchone() != (True,):
            raise WindowIsTaken(
                f"pulling window {window} of {self.source} in run {self.run_key}: another process works on it; this "
                "task tries again later, and then finds it done or continues it"
            )
        try:
            yield
        finally:
            with suppress(psycopg.Error):  # a lost session has lost its locks, too
                self._execute("ops/ingest_windows/release", window)

    def proof(self, window: Window) -> Proof | None:
        """Return what this run has already proven of a window, or None."""
        row = self._execute("ops/ingest_windows/proof", window).fetchone()
        return Proof(*row) if row else None

    def begin(self, window: Window, kind: Kind) -> None:
        self._execute("ops/ingest_windows/begin", window, kind=kind)

    def fail(self, window: Window, error: str) -> None:
        self._execute("ops/ingest_windows/fail", window, error=error)

    def prove(
        self, window: Window, kind: Kind, pages: int, repeated_orders: int, answered_at: datetime | None
    ) -> tuple[Proof, datetime]:
        """Mark a window as proven; return its counts, and up to when it is proven.

        `answered_at` is the API's clock at its first answer. Must be called in the transaction of the merge.
        """
        values = {"kind": kind, "pages": pages, "repeated_orders": repeated_orders, "answered_at": answered_at}
        row = self._execute("ops/ingest_windows/prove", window, **values).fetchone()
        if row is None:
            raise LookupError(f"window {window} of {self.source} was never begun in run {self.run_key}")
        *counts, proven_until = row
        return Proof(*counts), proven_until

    def _execute(self, name: str, window: Window | None = None, **values: Any) -> Any:
        span = {"window_start": window.start, "window_end": window.end} if window else {}
        return self.connection.execute(
            sql(name).encode(),
            {"source": self.source, "run_key": self.run_key, **span, **values},
        )


def changes(connection: Connection) -> dict[str, Any]:
    """Return how many order versions were ever written to raw, and since when. It differs if there are changes.

    Plain JSON, for the event of asset `raw_orders`.
    """
    row = connection.execute(sql("ops/ingest_windows/changes").encode()).fetchone()
    n_changes, began_at = row or (0, None)
    return {"n_changes": n_changes, "ledger_began_at": began_at.isoformat() if began_at else None}
