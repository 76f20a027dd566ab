"""What Prometheus is told at `GET /metrics`: calls as they were answered, and the engine's state at that moment.

engine_call_seconds         calls by operation and status, a histogram
engine_resources            resources by kind and status, jobs among them
engine_job_seconds          jobs that ended, by kind: how many, and the seconds from their creation to their end
engine_records              single records of PutEvents, PutItems and PutUsers that are kept
engine_models_loaded        versions in memory that campaigns answer from
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

#: Seconds: an answer of the runtime takes milliseconds, a list of many resources a part of a second.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
#: The operation of calls that name none: names from outside would make endless series.
UNKNOWN = "unknown"


class Telemetry:
    """Counts for one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._calls = Histogram(
            "engine_call_seconds", "Time to answer calls", ["operation", "status"], buckets=BUCKETS,
            registry=self._registry,
        )  # fmt: skip

    def answered(self, operation: str | None, status: int, seconds: float) -> None:
        """Count a call; `operation` is None if the call names none that there is."""
        self._calls.labels(operation or UNKNOWN, str(status)).observe(seconds)

    def calls(self) -> bytes:
        """The calls and the process, in the text format of Prometheus."""
        return generate_latest(self._registry)

    def text(self, engine: Engine) -> bytes:
        """Everything, in the text format of Prometheus."""
        state = CollectorRegistry()
        state.register(_State(engine))
        return self.calls() + generate_latest(state)


class _State:
    """The state of an engine, read when it is asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        resources = GaugeMetricFamily("engine_resources", "Resources that there are", labels=["kind", "status"])
        jobs = SummaryMetricFamily("engine_job_seconds", "Time from creation to end of jobs", labels=["kind"])
        for kind in KINDS.values():
            listed = self._engine.store.page(kind)
            for status, count in sorted(Counter(one.status or "STORED" for one in listed).items()):
                resources.add_metric([kind.noun, status], count)
            if kind.is_work:
                ended = [one for one in listed if one.status in (kind.creation.done, kind.creation.failed)]
                seconds = sum(one.body["lastUpdatedDateTime"] - one.body["creationDateTime"] for one in ended)
                jobs.add_metric([kind.noun], len(ended), seconds)
        yield resources
        yield jobs
        provider = self._engine.provider
        yield GaugeMetricFamily("engine_records", "Single records kept", provider.datasets.records.count())
        yield GaugeMetricFamily("engine_models_loaded", "Versions in memory", len(provider.answers.deployments.loaded))
