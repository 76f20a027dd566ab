"""The state of the cache in Prometheus' text format, read when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from services.serving.errors import DatabaseUnreachable, TableMissing
from services.serving.groups import Groups
from services.serving.health.repository import CacheFigures, cache_figures

_RUN_KEY_TIME = "%Y%m%dT%H%M%S"
_LENGTH_OF_A_TIME = len("20261121T060000")


def now() -> datetime:
    """Return the time from which ages count."""
    return datetime.now(UTC)


async def cache_gauges(groups: Groups) -> bytes:
    """Return the gauges of every live generation; of a warehouse that is away, that it is."""
    try:
        return _exposition(await cache_figures(groups), is_up=True)
    except (DatabaseUnreachable, TableMissing):
        return _exposition([], is_up=False)


def _exposition(figures: Sequence[CacheFigures], *, is_up: bool) -> bytes:
    registry = CollectorRegistry()
    Gauge("aisle_serving_warehouse_up", "Whether the warehouse answers", registry=registry).set(is_up)
    age, coverage, update = (
        Gauge(name, about, ("group",), registry=registry)
        for name, about in (
            ("aisle_serving_generation_age_seconds", "Time since the live generation was published"),
            ("aisle_serving_coverage_ratio", "Share of the users asked for who have a list in the live generation"),
            ("aisle_serving_update_seconds", "Time from the cut of the data to the publication of the live generation"),
        )
    )
    for live in figures:
        age.labels(live.group).set((now() - live.published_at).total_seconds())
        if live.users_asked:
            coverage.labels(live.group).set(live.user_lists / live.users_asked)
        if (cut_at := _cut_at(live.generation)) is not None:
            update.labels(live.group).set((live.published_at - cut_at).total_seconds())
    return generate_latest(registry)


def _cut_at(generation: str) -> datetime | None:
    """Return the time of the run whose key names a generation; None if somebody has named it by hand."""
    try:
        return datetime.strptime(generation[:_LENGTH_OF_A_TIME], _RUN_KEY_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None
