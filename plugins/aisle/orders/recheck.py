"""Recheck: a periodic comparison of days before the overlap, for edits, deletions and late tills.

If the API summarizes each day (a count, the newest edit, a hash), only days whose summary differs from raw, or from
the summary when the day was last read, are read again. If it does not, all days are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from psycopg import Connection

from aisle.contracts.company_orders import Day
from aisle.orders.client import CompanyApi
from aisle.orders.pull import Pulled
from aisle.orders.windows import Window, cut
from aisle.sources import Source
from aisle.warehouse import sql

log = logging.getLogger(__name__)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OurDay:
    """The warehouse's counts of a day, and the API's summary when it was last asked."""

    day: date
    n_orders: int
    newest_updated_at: datetime | None
    known_n_orders: int | None
    known_n_theirs: int | None
    known_newest_updated_at: datetime | None
    known_hash: str | None

    def differs(self, theirs: Day) -> bool:
        """Tell whether to read the day again. A day that was read and still differs in the same way is not.

        A hash needs an earlier one to be compared with: the first recheck reads each day of which the API says no more.
        """
        if self.known_n_theirs is not None:
            known = (self.known_n_orders, self.known_n_theirs, self.known_newest_updated_at, self.known_hash)
            return known != (self.n_orders, theirs.n_orders, theirs.newest_updated_at, theirs.hash)
        newest, newest_theirs = self.newest_updated_at, theirs.newest_updated_at
        if newest_theirs is None and theirs.hash is not None:
            return True
        is_newer = newest_theirs is not None and (newest is None or newest_theirs > newest)
        return is_newer or self.n_orders != theirs.n_orders


@dataclass
class Rechecked:
    """The result of a recheck."""

    n_days: int = 0
    differing: list[date] = field(default_factory=list)
    pulled: Pulled = field(default_factory=Pulled)

    def details(self) -> dict[str, Any]:
        """Return the details of a receipt."""
        total = self.pulled.total
        return {
            "days": self.n_days,
            "days_read_again": len(self.differing),
            "first_day_read_again": self.differing[0].isoformat() if self.differing else None,
            "orders_changed": total.orders_changed,
            "vanished_orders": total.vanished_orders,
        }


class Recheck:
    """The recheck of one source by one run."""

    def __init__(self, source: Source, api: CompanyApi, connection: Connection, run_key: str) -> None:
        self._source = source
        self._api = api
        self._connection = connection
        self._run_key = run_key

    def is_due(self, every: timedelta) -> bool:
        """Return whether so much time has passed since the last recheck, or since the source was first read."""
        is_due: bool = self._execute("ops/ingest_days/due", every=every).fetchone() == (True,)
        return is_due

    def look(self, window: Window, pull: Callable[[Sequence[Window]], Pulled], *, longest: timedelta) -> Rechecked:
        """Compare each whole day of the window with the API, and pull those that differ."""
        window = Window(_midnight(window.start.date()), _midnight(window.end.date()))
        before = self._ours(window)
        days = self._api.days(self._source, window)
        theirs = None if days is None else {day.day: day for day in days}
        differing = [
            ours.day for ours in before if theirs is None or ours.differs(theirs.get(ours.day, Day(ours.day, 0)))
        ]
        pulled = pull([part for span in spans(differing) for part in cut(span.start, span.end, longest)])
        self._record(window, before, theirs, set(differing))
        rechecked = Rechecked(len(before), differing, pulled)
        if theirs is not None and differing:
            log.warning(
                "%s: %d of %d days before the overlap differ from the API's summary, from %s on; they were read "
                "again: %s",
                self._source.name, len(differing), len(before), differing[0], rechecked.details(),
            )  # fmt: skip
        return rechecked

    def _ours(self, window: Window) -> list[OurDay]:
        return [
            OurDay(*row) for row in self._execute("ops/ingest_days/ours", span_start=window.start, span_end=window.end)
        ]

    def _record(
        self, window: Window, before: list[OurDay], theirs: dict[date, Day] | None, differing: set[date]
    ) -> None:
        for was, now in zip(before, self._ours(window), strict=True):
            said = None if theirs is None else theirs.get(now.day, Day(now.day, 0))
            self._execute(
                "ops/ingest_days/insert",
                day=now.day,
                run_key=self._run_key,
                n_before=was.n_orders,
                n_ours=now.n_orders,
                n_theirs=said.n_orders if said else None,
                newest_updated_at=said.newest_updated_at if said else None,
                hash=said.hash if said else None,
                action="read again" if now.day in differing else "kept",
            )

    def _execute(self, name: str, **values: Any) -> Any:
        return self._connection.execute(sql(name).encode(), {"source": self._source.name, **values})


def spans(days: Iterable[date]) -> list[Window]:
    """Return days, in order, as windows; adjacent days become one."""
    windows: list[Window] = []
    for day in days:
        start = _midnight(day)
        if windows and windows[-1].end == start:
            windows[-1] = Window(windows[-1].start, start + _DAY)
        else:
            windows.append(Window(start, start + _DAY))
    return windows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
