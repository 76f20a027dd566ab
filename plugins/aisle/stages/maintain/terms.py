"""Retention cut-offs, counted from the run's own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aisle.settings import Maintain


@dataclass(frozen=True, slots=True)
class Terms:
    """The times before which each kind of data may be deleted."""

    archive: datetime
    files: datetime
    rows: datetime
    orphans: datetime


def terms(settings: Maintain, now: datetime) -> Terms:
    """Return the cut-offs of a run whose own time is `now`."""
    return Terms(
        archive=now - timedelta(days=settings.archive_days),
        files=now - timedelta(days=settings.files_days),
        rows=now - timedelta(days=settings.rows_days),
        orphans=now - timedelta(hours=settings.orphan_hours),
    )
