"""Windows: which spans of `order_date` a run asks for. Pure: no clock, no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from aisle.errors import ConfigurationError

#: What fetches a window: ingest on its clock, somebody who wants it again, events, which looks at the newest only, or
#: ingest's wider look now and then.
Kind = Literal["scheduled", "backfill", "tail", "recheck"]


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span of `order_date`: start belongs to it, end does not."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"[{self.start.isoformat()}, {self.end.isoformat()})"


def scheduled_windows(
    watermark: datetime, start_at: datetime, run_at: datetime, *, overlap: timedelta, longest: timedelta
) -> list[Window]:
    """Windows of a run on the clock: from `overlap` behind the watermark to the run's own time, oldest first.

    Nothing before `start_at` is asked for. A run older than what is already proven has no windows.
    """
    return cut(max(start_at, watermark - overlap), run_at, longest)


def backfill_windows(start: str | None, end: str | None, *, longest: timedelta) -> list[Window]:
    """Windows asked for by hand (ISO 8601; no zone means UTC). Raises ConfigurationError unless they are a span."""
    if not start or not end:
        raise ConfigurationError(
            f"a backfill was asked for with window_start={start!r} and window_end={end!r}; give both, for example "
            "2026-01-01T00:00:00Z and 2026-02-01T00:00:00Z"
        )
    first, last = _moment("window_start", start), _moment("window_end", end)
    if first >= last:
        raise ConfigurationError(f"a backfill was asked for from {start} to {end}; its end must lie after its start")
    return cut(first, last, longest)


def cut(start: datetime, end: datetime, longest: timedelta) -> list[Window]:
    """The span from `start` to `end` as adjoining windows of at most `longest`, oldest first."""
    windows = []
    while start < end:
        windows.append(Window(start, min(start + longest, end)))
        start += longest
    return windows


def halves(window: Window) -> list[Window]:
    """The window as two that adjoin, the older one first; itself where nothing is left to cut."""
    middle = window.start + (window.end - window.start) // 2
    return [Window(window.start, middle), Window(middle, window.end)] if middle > window.start else [window]


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(
            f"the param {name} is {text!r}, which is no date or time; write it like 2026-01-31T00:00:00Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
