"""What the API counts of itself, for Prometheus. No label names a user, an item or a region."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

#: The variable by which prometheus_client learns where processes that answer together count.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

ANSWERS = Counter("aisle_serving_answers_total", "Lists answered, by question and source", ("question", "source"))
CAMPAIGN_FAILURES = Counter(
    "aisle_serving_campaign_failures_total", "Calls to the recommender that gave no list, by reason", ("reason",)
)
EVENTS = Counter(
    "aisle_serving_events_total",
    "Events received, by source; by what became of them: processed, or why they were skipped",
    ("source", "outcome"),
)
EVENT_FAILURES = Counter(
    "aisle_serving_event_failures_total", "Requests with events of which nothing was stored, by error", ("error",)
)
SECONDS = Histogram(
    "aisle_serving_request_seconds",
    "Time of a request, by route and status",
    ("route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5),
)


def exposition() -> bytes:
    """Return all counts in Prometheus' text format: those of every worker process, whichever is asked."""
    if SHARED_FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
