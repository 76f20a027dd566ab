"""The pipeline today: a card per stage, from left to right. Is each fresh, did it succeed, how much did it carry?"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from croniter import croniter  # type: ignore[import-untyped]

from aisle.charts import Chart, Level, Point, trend
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.pipeline import BY_HAND, BY_NAME, PIPELINE, Stage
from aisle.settings import Settings, get_settings
from aisle.ui.reader import Reader
from aisle.ui.runs import N_RUNS, DagRuns, Run, runs_of
from aisle.ui.words import ago, count, span, stamp

#: A stage is fresh while its newest successful run is at most this many periods old; then late; then stale.
_FRESH, _LATE = 1.25, 2.5
_MAX_GAPS = 20

_LEVELS: dict[str, Level] = {"success": "good", "failed": "bad", "running": "busy", "queued": "busy"}


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a stage: a level for the eye, a word, and the reason."""

    level: Level
    word: str
    why: str


@dataclass(frozen=True)
class Card:
    """All that the page says of one stage."""

    stage: Stage
    status: Status
    target: str
    next_words: str
    last_good: Run | None
    newest: Run | None
    durations: Chart | None
    receipts: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupStage:
    """The state of one stage of a further group."""

    name: str
    dag_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class GroupPipeline:
    """The stages of a further group, from left to right."""

    name: str
    stages: tuple[GroupStage, ...]


@dataclass(frozen=True)
class Pipeline:
    """What `pipeline.html` draws: the cards of the first group, and the states of every other."""

    cards: tuple[Card, ...]
    further: tuple[GroupPipeline, ...]
    sources: tuple[dict[str, Any], ...]
    gaps: tuple[dict[str, Any], ...]
    outbox: dict[str, Any] | None
    now: datetime


def read(reader: Reader, readable_dags: Collection[str]) -> Pipeline:
    """Read the page for a user who may read these DAGs."""
    now, settings = datetime.now(UTC), get_settings()
    first, *others = dataset_groups()
    runs = runs_of({stage.name for stage in PIPELINE} & set(readable_dags))
    receipts = reader.rows("ui/pipeline/receipts", other_groups=[group.name for group in others])
    sources = reader.rows("ui/pipeline/sources")
    gaps = [gap for source in sources for gap in _gaps(reader, source["source"], settings.ingest.start_at)]
    outbox = reader.row("ui/pipeline/outbox")
    notes = {"ingest": _gap_notes(gaps), "recommend": _without_notes(receipts), "events": _outbox_notes(outbox)}
    cards = tuple(
        _card(
            stage,
            runs.get(stage.name),
            [row for row in receipts if row["stage"] == stage.name],
            notes.get(stage.name, ()),
            period_of(stage.pace, settings, now, first),
            now,
        )
        for stage in PIPELINE
        if stage.name in runs or not stage.is_optional
    )
    further = tuple(_group_pipeline(group, set(readable_dags), settings, now) for group in others)
    return Pipeline(cards, further, tuple(sources), tuple(gaps), outbox, now)


def _group_pipeline(group: DatasetGroup, readable_dags: set[str], settings: Settings, now: datetime) -> GroupPipeline:
    stages = [stage for stage in PIPELINE if stage.name in group.stages]
    runs = runs_of({group.dag_id(stage.name) for stage in stages} & readable_dags)
    states = []
    for stage in stages:
        dag_id, period = group.dag_id(stage.name), period_of(stage.pace, settings, now, group)
        states.append(GroupStage(stage.name, dag_id, status_of(runs.get(dag_id), period, now)))
    return GroupPipeline(group.name, tuple(states))


def period_of(clock: str, settings: Settings, now: datetime, group: DatasetGroup | None = None) -> timedelta | None:
    """Return the time between two ticks of a clock, by the group's own schedule if it has one.

    None for a clock that does not exist, and for a stage that is started by hand.
    """
    own = group.schedule(clock) if group else None
    cron = own or getattr(settings.schedules, clock, BY_HAND)
    if cron == BY_HAND:
        return None
    ticks = croniter(cron, now)
    last: datetime = ticks.get_prev(datetime)
    before: datetime = ticks.get_prev(datetime)
    return last - before


def status_of(runs: DagRuns | None, period: timedelta | None, now: datetime) -> Status:
    """Return the state of a stage from its runs: failed is worse than stale, and stale worse than late."""
    if runs is None:
        return Status("idle", "no DAG", "Airflow has no DAG of this name that you may read")
    newest = runs.newest
    if newest is None:
        return Status("idle", "no run yet", "Never ran" + (", and is paused" if runs.is_paused else ""))
    if newest.state == "failed":
        return Status("bad", "failed", f"The newest run failed {ago(newest.ended_at, now)}")
    if newest.state == "running":
        return Status("busy", "running", f"Started {ago(newest.started_at, now)}")
    if newest.state == "queued":
        return Status("busy", "queued", "A run waits for a free slot")
    if runs.is_paused:
        return Status("busy", "paused", "The DAG is paused: nothing will start it")
    return _freshness(runs.last_good, period, now)


def _freshness(good: Run | None, period: timedelta | None, now: datetime) -> Status:
    if good is None or good.ended_at is None:
        return Status("bad", "no good run", "No run has succeeded")
    age = now - good.ended_at
    if period is None:
        return Status("good", "done", f"Succeeded {ago(good.ended_at, now)}; started by hand, so nothing is due")
    if age <= period * _FRESH:
        return Status("good", "fresh", f"Succeeded {ago(good.ended_at, now)}")
    if age <= period * _LATE:
        return Status("busy", "late", f"Last succeeded {ago(good.ended_at, now)}")
    return Status("bad", "stale", f"Has not succeeded since {stamp(good.ended_at)}")


def _card(
    stage: Stage, runs: DagRuns | None, receipts: list[dict[str, Any]], notes: tuple[str, ...],
    period: timedelta | None, now: datetime,
) -> Card:  # fmt: skip
    status = status_of(runs, period, now)
    if notes and status.level == "good":
        status = Status("busy", "look", notes[0])
    return Card(
        stage=stage,
        status=status,
        target=f"every {span(period.total_seconds())}" if period else "by hand",
        next_words=_next_words(stage, runs, now),
        last_good=runs.last_good if runs else None,
        newest=runs.newest if runs else None,
        durations=_durations(stage, runs),
        receipts=tuple(receipts),
        notes=notes,
    )


def _next_words(stage: Stage, runs: DagRuns | None, now: datetime) -> str:
    if runs and runs.is_paused:
        return "paused"
    if runs and runs.next_at:
        return "due now" if runs.next_at <= now else ago(runs.next_at, now)
    return f"on new {BY_NAME[stage.follows].output} from {stage.follows}" if stage.follows else "by hand"


def _durations(stage: Stage, runs: DagRuns | None) -> Chart | None:
    values: list[Point] = [
        (run.seconds, _LEVELS.get(run.state, "idle"), f"{run.state}, {span(run.seconds)}, {stamp(run.ended_at)}")
        for run in reversed(runs.runs if runs else ())
        if run.seconds is not None
    ]
    return trend(values, f"durations of the last {len(values)} runs of {stage.name}", n_places=N_RUNS)


def _gaps(reader: Reader, source: str, start_at: datetime) -> list[dict[str, Any]]:
    spans = reader.rows("ops/ingest_windows/gaps", source=source, start_at=start_at)
    return [{"source": source, "start": gap["reached"], "end": gap["window_start"]} for gap in spans[:_MAX_GAPS]]


def _gap_notes(gaps: list[dict[str, Any]]) -> tuple[str, ...]:
    if not gaps:
        return ()
    counted = f"{len(gaps)} gap{'s' * (len(gaps) > 1)}"
    return (f"{counted} in the fetched windows; the first begins {stamp(gaps[0]['start'])}",)


def _without_notes(receipts: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return what the newest run of recommend did not ask about, and why."""
    return tuple(
        f"{row['subject']} are left out. {row['without'].rstrip('.')}"
        for row in receipts
        if row["stage"] == "recommend" and row["without"]
    )


def _outbox_notes(outbox: dict[str, Any] | None) -> tuple[str, ...]:
    if not outbox or not outbox["n_dead"]:
        return ()
    return (f"{count(outbox['n_dead'])} events could not be delivered; their errors are in events.outbox",)
