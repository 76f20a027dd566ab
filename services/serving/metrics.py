"""What the API counts of itself, for Prometheus. No label names a user, an item or a region."""

from __future__ import annotations

import os
from collections import Counter as Counts
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.samples import Sample

#: What a cached answer may take.
_FAST_SECONDS = 0.2

#: The variable by which prometheus_client learns where processes that answer together count.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

ANSWERS = Counter("aisle_serving_answers_total", "Lists answered, by question and source", ("question", "source"))
CAMPAIGN_FAILURES = Counter(
    "aisle_serving_campaign_failures_total", "Calls to the recommender that gave no list, by reason", ("reason",)
)
CAMPAIGN_SECONDS = Histogram(
    "aisle_serving_campaign_seconds",
    "Time of a call to the recommender, answered or failed, by operation",
    ("operation",),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5),
)
EVENTS = Counter(
    "aisle_serving_events_total",
    "Events received, by source; by what became of them: processed, or why they were skipped",
    ("source", "outcome"),
)
EVENT_FAILURES = Counter(
    "aisle_serving_event_failures_total", "Requests with events of which nothing was stored, by error", ("error",)
)
# A counter that appears with its first failure has not increased, as Prometheus sees it: its alert would stay silent.
for _error in ("database_unreachable", "table_missing", "identity_key_missing"):
    EVENT_FAILURES.labels(_error)
SECONDS = Histogram(
    "aisle_serving_request_seconds",
    "Time of a request, by route and status",
    ("route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5),
)


@dataclass(frozen=True)
class AnswerShare:
    """How often a source answered a question."""

    question: str
    source: str
    n_answers: int
    share: float


@dataclass(frozen=True)
class RouteTime:
    """How fast a route answered; `fast_share` is the share of requests below 200 ms."""

    route: str
    n_requests: int
    mean_seconds: float
    fast_share: float


def answer_shares() -> list[AnswerShare]:
    """Return the answers of all processes by question and source."""
    counts = {
        (sample.labels["question"], sample.labels["source"]): int(sample.value)
        for sample in _samples("aisle_serving_answers_total")
    }
    totals: Counts[str] = Counts()
    for (question, _), n_answers in counts.items():
        totals[question] += n_answers
    return [
        AnswerShare(question, source, n_answers, n_answers / totals[question])
        for (question, source), n_answers in sorted(counts.items())
    ]


def request_times() -> list[RouteTime]:
    """Return the requests of all processes by route."""
    counts: Counts[str] = Counts()
    fast: Counts[str] = Counts()
    seconds: defaultdict[str, float] = defaultdict(float)
    for sample in _samples("aisle_serving_request_seconds_count"):
        counts[sample.labels["route"]] += int(sample.value)
    for sample in _samples("aisle_serving_request_seconds_sum"):
        seconds[sample.labels["route"]] += sample.value
    for sample in _samples("aisle_serving_request_seconds_bucket"):
        if float(sample.labels["le"]) == _FAST_SECONDS:
            fast[sample.labels["route"]] += int(sample.value)
    return [
        RouteTime(route, n_requests, seconds[route] / n_requests, fast[route] / n_requests)
        for route, n_requests in sorted(counts.items())
    ]


def _samples(name: str) -> Iterator[Sample]:
    for metric in _registry().collect():
        yield from (sample for sample in metric.samples if sample.name == name)


def exposition() -> bytes:
    """Return all counts in Prometheus' text format: those of every worker process, whichever is asked."""
    return generate_latest(_registry())


def _registry() -> CollectorRegistry:
    if SHARED_FOLDER not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
