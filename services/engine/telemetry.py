"""The metrics for Prometheus at `GET /metrics`: calls that were answered, and the engine's current state.

engine_call_seconds         calls by operation and status, a histogram
engine_resources            resources by kind and status, jobs among them
engine_job_seconds          finished jobs by kind: their number, and the seconds from creation to end
engine_records              stored single records of PutEvents, PutItems and PutUsers
engine_models_loaded        solution versions in memory
process_…                   memory, processor time, open files of the process
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily

from personalize_kinds.kinds import KINDS

if TYPE_CHECKING:
    from services.engine.app import Engine

#: Seconds: answers of the runtime take milliseconds, long lists of resources up to a second.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
#: The operation of calls that name no known one: names from clients would make endless series.
UNKNOWN = "unknown"


class Telemetry:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._calls = Histogram(
            "engine_call_seconds", "Time to answer calls", ["operation", "status"], buckets=BUCKETS,
            registry=self._registry,
        )  # fmt: skip

    def answered(self, operation: str | None, status: int, seconds: float) -> None:
        """Count a call; `operation` is None if the call names no known one."""
        self._calls.labels(operation or UNKNOWN, str(status)).observe(seconds)

    def calls(self) -> bytes:
        """Write the metrics of calls and process in the text format of Prometheus."""
        return generate_latest(self._registry)

    def text(self, engine: Engine) -> bytes:
        """Write all metrics in the text format of Prometheus."""
        state = CollectorRegistry()
        state.register(_State(engine))
        return self.calls() + generate_latest(state)


class _State:
    """Collector of an engine's state, which it reads when collected."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        resources = GaugeMetricFamily("engine_resources", "Resources", labels=["kind", "status"])
        jobs = SummaryMetricFamily("engine_job_seconds", "Time from creation to end of jobs", labels=["kind"])
        for kind in KINDS.values():
            listed = self._engine.store.page(kind)
            for status, count in sorted(Counter(resource.status or "STORED" for resource in listed).items()):
                resources.add_metric([kind.noun, status], count)
            if kind.is_work:
                ended = [job for job in listed if job.status in (kind.creation.done, kind.creation.failed)]
                seconds = sum(job.body["lastUpdatedDateTime"] - job.body["creationDateTime"] for job in ended)
                jobs.add_metric([kind.noun], len(ended), seconds)
        yield resources
        yield jobs
        provider = self._engine.provider
        yield GaugeMetricFamily("engine_records", "Single records stored", provider.datasets.records.count())
        yield GaugeMetricFamily("engine_models_loaded", "Versions in memory", len(provider.answers.deployments.loaded))
