"""The line today: one card per leg, left to right. Is each leg fresh, did it end well, how much did it carry?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.pipeline import BY_HAND, BY_NAME, PIPELINE, Stage
from aisle.settings import Settings, get_settings
from aisle.ui.plots import Bars, Level, bars
from aisle.ui.reader import Reader
from aisle.ui.runs import N_RUNS, DagRuns, Run, runs_of
from aisle.ui.words import ago, count, span, stamp

#: A leg's newest good run may be this many periods old and is fresh; then it is late; then it is stale.
_FRESH, _LATE = 1.25, 2.5

_LEVELS: dict[str, Level] = {"success": "good", "failed": "bad", "running": "busy", "queued": "busy"}


class Verdict(NamedTuple):
    """How a leg stands: a level for the eye, a word, and the reason."""

    level: Level
    word: str
    why: str


@dataclass(frozen=True)
class Card:
    """All that the page says of one leg."""

    leg: Stage
    verdict: Verdict
    target: str
    next_words: str
    last_good: Run | None
    newest: Run | None
    durations: Bars
    receipts: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


class GroupLeg(NamedTuple):
    """How one leg of a further group stands."""

    name: str
    dag_id: str
    verdict: Verdict


class GroupLine(NamedTuple):
    """The legs of a further group, left to right."""

    name: str
    legs: tuple[GroupLeg, ...]


@dataclass(frozen=True)
class Line:
    """What `line.html` draws. The cards are the first group's; of any other the states are shown."""

    cards: tuple[Card, ...]
    further: tuple[GroupLine, ...]
    sources: tuple[dict[str, Any], ...]
    gaps: tuple[dict[str, Any], ...]
    outbox: dict[str, Any] | None
    now: datetime


def read(reader: Reader, readable_dags: Collection[str]) -> Line:
    """The page for a user who may read these DAGs."""
    now, settings = datetime.now(UTC), get_settings()
    first, *others = dataset_groups()
    runs = runs_of({leg.name for leg in PIPELINE} & set(readable_dags))
    receipts = reader.rows("ui/line/receipts", other_groups=[group.name for group in others])
    sources = reader.rows("ui/line/sources")
    gaps = [gap for source in sources for gap in _gaps(reader, source["source"], settings.ingest.start_at)]
    outbox = reader.row("ui/line/outbox")
    notes = {"ingest": _gap_notes(gaps), "events": _outbox_notes(outbox)}
    legs = [leg for leg in PIPELINE if leg.name in runs or not leg.is_optional]
    periods = {leg: period_of(leg.pace, settings, now, first) for leg in legs}
    cards = tuple(_card(leg, runs.get(leg.name), receipts, notes.get(leg.name, ()), periods[leg], now) for leg in legs)
    further = tuple(_group_line(group, set(readable_dags), settings, now) for group in others)
    return Line(cards, further, tuple(sources), tuple(gaps), outbox, now)


def _group_line(group: DatasetGroup, readable_dags: set[str], settings: Settings, now: datetime) -> GroupLine:
    legs = [leg for leg in PIPELINE if leg.name in group.stages]
    runs = runs_of({group.dag_id(leg.name) for leg in legs} & readable_dags)
    states = []
    for leg in legs:
        dag_id, period = group.dag_id(leg.name), period_of(leg.pace, settings, now, group)
        states.append(GroupLeg(leg.name, dag_id, verdict_of(runs.get(dag_id), period, now)))
    return GroupLine(group.name, tuple(states))


def period_of(clock: str, settings: Settings, now: datetime, group: DatasetGroup | None = None) -> timedelta | None:
    """The time between two ticks of a clock, by the group's own schedule if it has one.

    None for a clock that is not there, or is a person.
    """
    from croniter import croniter  # type: ignore[import-untyped]

    own = group.schedule(clock) if group else None
    cron = own or getattr(settings.schedules, clock, BY_HAND)
    if cron == BY_HAND:
        return None
    ticks = croniter(cron, now)
    last: datetime = ticks.get_prev(datetime)
    before: datetime = ticks.get_prev(datetime)
    return last - before


def verdict_of(runs: DagRuns | None, period: timedelta | None, now: datetime) -> Verdict:
    """A leg's verdict from its runs: failed is worse than stale, and stale worse than late."""
    if runs is None:
        return Verdict("idle", "not there", "Airflow has no DAG of this name that you may read")
    newest, good = runs.newest, runs.last_good
    if newest is None:
        return Verdict("idle", "no run yet", "it has never run" + (" and is paused" if runs.is_paused else ""))
    if newest.state == "failed":
        return Verdict("bad", "failed", f"its newest run failed {ago(newest.ended_at, now)}")
    if newest.state in ("running", "queued"):
        return Verdict("busy", newest.state, f"a run is {newest.state}, begun {ago(newest.started_at, now)}")
    if runs.is_paused:
        return Verdict("busy", "paused", "its DAG is paused: nothing will start it")
    return _freshness(good, period, now)


def _freshness(good: Run | None, period: timedelta | None, now: datetime) -> Verdict:
    if good is None or good.ended_at is None:
        return Verdict("bad", "no good run", "no run of it has ended well")
    age = now - good.ended_at
    if period is None:
        return Verdict("good", "done", f"ended well {ago(good.ended_at, now)}; it runs by hand, so nothing is due")
    if age <= period * _FRESH:
        return Verdict("good", "fresh", f"ended well {ago(good.ended_at, now)}")
    if age <= period * _LATE:
        return Verdict("busy", "late", f"ended well only {ago(good.ended_at, now)}")
    return Verdict("bad", "stale", f"has not ended well since {stamp(good.ended_at)}")


def _card(
    leg: Stage, runs: DagRuns | None, receipts: list[dict[str, Any]], notes: tuple[str, ...], period: timedelta | None,
    now: datetime,
) -> Card:  # fmt: skip
    verdict = verdict_of(runs, period, now)
    if notes and verdict.level == "good":
        verdict = Verdict("busy", "look", notes[0])
    return Card(
        leg=leg,
        verdict=verdict,
        target=f"every {span(period.total_seconds())}" if period else "by hand",
        next_words=_next_words(leg, runs, now),
        last_good=runs.last_good if runs else None,
        newest=runs.newest if runs else None,
        durations=_durations(leg, runs),
        receipts=tuple(row for row in receipts if row["leg"] == leg.name),
        notes=notes,
    )


def _next_words(leg: Stage, runs: DagRuns | None, now: datetime) -> str:
    if runs and runs.is_paused:
        return "paused"
    if runs and runs.next_at:
        return "due now" if runs.next_at <= now else ago(runs.next_at, now)
    return f"when {leg.follows} brings new {BY_NAME[leg.follows].output}" if leg.follows else "by hand"


def _durations(leg: Stage, runs: DagRuns | None) -> Bars:
    shown = [run for run in reversed(runs.runs if runs else ()) if run.seconds is not None]
    values = [
        (run.seconds or 0.0, _LEVELS.get(run.state, "idle"), f"{run.state}, {span(run.seconds)}, {stamp(run.ended_at)}")
        for run in shown
    ]
    return bars(values, f"durations of the last {len(values)} runs of {leg.name}", n_places=N_RUNS)


def _gaps(reader: Reader, source: str, start_at: datetime) -> Iterable[dict[str, Any]]:
    spans = reader.rows("ops/ingest_windows/gaps", source=source, start_at=start_at)
    return [{"source": source, "start": gap["reached"], "end": gap["window_start"]} for gap in spans[:20]]


def _gap_notes(gaps: list[dict[str, Any]]) -> tuple[str, ...]:
    if not gaps:
        return ()
    return (f"{len(gaps)} gap{'s' * (len(gaps) > 1)} in what was fetched; the first begins {stamp(gaps[0]['start'])}",)


def _outbox_notes(outbox: dict[str, Any] | None) -> tuple[str, ...]:
    if not outbox or not outbox["n_dead"]:
        return ()
    return (f"{count(outbox['n_dead'])} events could not be delivered; their errors are in events.outbox",)
