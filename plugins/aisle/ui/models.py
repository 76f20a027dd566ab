"""Models: which version of each solution serves, how good it was against popularity and the live one, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from aisle.groups.dataset_group import DatasetGroup
from aisle.ui.groups import Choice, owner_of
from aisle.ui.plots import Level, Plot, plot
from aisle.ui.reader import Reader
from aisle.ui.words import last_part

N_VERSIONS = 14
METRICS = ("ndcg_at_10", "precision_at_10", "recall_at_10", "mrr", "coverage")
#: Recipes whose models are measured against, and published by nobody.
_YARDSTICKS = ("aws-popularity-count",)
#: The metric that the history shows, ours first; the service's own where nobody has evaluated.
_OWN, _SERVICE = "ndcg_at_10", "normalized_discounted_cumulative_gain_at_10"

LEVELS: dict[str, Level] = {
    "live": "good", "candidate": "busy", "waiting": "busy", "previous": "idle", "rejected": "bad", "retired": "idle",
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One metric of one version against what it must beat. `lift` is over popularity, as a part of it."""

    metric: str
    values: dict[str, float]
    lift: float | None


@dataclass(frozen=True)
class Version:
    """One version of a solution. Without a row in ops.model_versions nobody has judged it: `state` is None."""

    arn: str
    state: str | None
    level: Level
    row: dict[str, Any]
    measured: tuple[Measured, ...]
    evaluation: dict[str, Any] | None
    service: dict[str, float]

    @property
    def name(self) -> str:
        return last_part(self.arn)


@dataclass(frozen=True)
class SolutionState:
    """All versions of one solution, newest first."""

    name: str
    versions: tuple[Version, ...]
    history: Plot | None
    history_metric: str
    is_yardstick: bool

    @property
    def standing(self) -> tuple[Level, str]:
        """What readers get of this solution, for the eye and in words."""
        if self.live:
            return "good", f"live: {self.live.name}"
        if self.is_yardstick:
            return "idle", "the yardstick, never published"
        return ("busy", "none is live") if any(one.state for one in self.versions) else ("idle", "not judged yet")

    @property
    def live(self) -> Version | None:
        return next((version for version in self.versions if version.state == "live"), None)

    @property
    def previous(self) -> Version | None:
        return next((version for version in self.versions if version.state == "previous"), None)

    @property
    def shown(self) -> Version:
        """The version whose figures are shown: the newest that was evaluated, else the live one, else the newest."""
        evaluated = (version for version in self.versions if version.measured)
        return next(evaluated, self.live or self.versions[0])


@dataclass(frozen=True)
class Models:
    """What `models.html` draws."""

    solutions: tuple[SolutionState, ...]
    rollbacks: tuple[dict[str, Any], ...]
    choice: Choice


def read(reader: Reader, choice: Choice) -> Models:
    """The page of one group, from ops.model_versions, ops.model_evaluations and ops.model_metrics."""
    group = choice.shown
    judged = reader.rows("ui/models/versions", n_versions=N_VERSIONS)
    service = _service_metrics(reader)
    rows = sorted(judged + _unjudged(judged, service), key=lambda row: row["trained_at"], reverse=True)
    evaluations = _evaluations(reader, [row["solution_version_arn"] for row in rows])
    of_solution: dict[str, list[Version]] = defaultdict(list)
    for row in rows:
        arn = row["solution_version_arn"]
        metrics = service.get((row["solution"], arn), {})
        of_solution[row["solution"]].append(_version(row, evaluations.get(arn, []), metrics))
    known = [group.key(name) for name in group.solutions]
    mine = (name for name in of_solution if owner_of(name) == group.name)
    names = sorted(mine, key=lambda name: known.index(name) if name in known else len(known))
    rollbacks = tuple(row for row in reader.rows("ops/interventions/newest_rollbacks") if row["subject"] in names)
    return Models(tuple(_solution(name, tuple(of_solution[name]), group) for name in names), rollbacks, choice)


def _service_metrics(reader: Reader) -> dict[tuple[str, str], dict[str, Any]]:
    """Metric → value by solution and version, and under 'measured_at' when the service gave them."""
    found: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for row in reader.rows("ui/models/metrics", n_versions=N_VERSIONS):
        metrics = found[row["solution"], row["solution_version_arn"]]
        metrics |= {row["metric"]: row["value"], "measured_at": row["measured_at"]}
    return found


def _unjudged(judged: list[dict[str, Any]], service: dict[tuple[str, str], Any]) -> list[dict[str, Any]]:
    """Versions that the service has measured and that have no row in ops.model_versions."""
    known = {row["solution_version_arn"] for row in judged}
    nothing = dict.fromkeys(("run_key", "state", "decided_at", "decided_by", "reason"))
    return [
        {**nothing, "solution": solution, "solution_version_arn": arn, "trained_at": metrics["measured_at"]}
        for (solution, arn), metrics in service.items()
        if arn not in known
    ]


def _evaluations(reader: Reader, arns: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reader.rows("ui/models/evaluations", arns=arns):
        found[row["solution_version_arn"]].append(row)
    return found


def _version(row: dict[str, Any], evaluated: list[dict[str, Any]], service: dict[str, float]) -> Version:
    state = row["state"]
    return Version(
        arn=row["solution_version_arn"],
        state=state,
        level=LEVELS.get(state or "", "idle"),
        row=row,
        measured=tuple(_measured(metric, evaluated) for metric in METRICS if _has(metric, evaluated)),
        evaluation=evaluated[0] if evaluated else None,
        service={metric: value for metric, value in service.items() if metric != "measured_at"},
    )


def _has(metric: str, evaluated: list[dict[str, Any]]) -> bool:
    return any(row["metric"] == metric for row in evaluated)


def _measured(metric: str, evaluated: list[dict[str, Any]]) -> Measured:
    values = {row["subject"]: float(row["value"]) for row in evaluated if row["metric"] == metric}
    ours, popular = values.get("candidate"), values.get("popularity")
    return Measured(metric, values, ours / popular - 1 if ours is not None and popular else None)


def _solution(solution: str, versions: tuple[Version, ...], group: DatasetGroup) -> SolutionState:
    name = solution.rpartition("/")[2]
    oldest_first = versions[::-1]
    own = [_value(version, "candidate") for version in oldest_first]
    if sum(value is not None for value in own) > 1:
        metric, series = _OWN, {"model": own, "popularity": [_value(one, "popularity") for one in oldest_first]}
    else:
        metric, series = _SERVICE, {"model": [version.service.get(_SERVICE) for version in oldest_first]}
    labels = [_label(version) for version in oldest_first]
    drawn = plot(labels, series, f"{metric} of the last {len(versions)} versions of {name}, oldest on the left")
    described = group.solutions.get(name)
    return SolutionState(name, versions, drawn, metric, bool(described and described.recipe in _YARDSTICKS))


def _value(version: Version, subject: str) -> float | None:
    return next((one.values.get(subject) for one in version.measured if one.metric == _OWN), None)


def _label(version: Version) -> str:
    return str(version.row["trained_at"].strftime("%d %b"))
