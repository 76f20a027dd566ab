"""Models: which version of each solution is live, how good it was against popularity and the live one, and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from aisle import charts
from aisle.charts import Chart, Level
from aisle.ui.groups import Choice, owner_of
from aisle.ui.reader import Reader
from aisle.ui.words import last_part

N_VERSIONS = 14
METRICS = ("ndcg_at_10", "precision_at_5", "precision_at_10", "recall_at_10", "mrr", "coverage")
#: Recipes whose models others are compared with; they are never published.
_BASELINES = ("aws-popularity-count",)
#: The metric that the history shows: Aisle's, or the service's own where no version was evaluated.
_OWN, _SERVICE = "ndcg_at_10", "normalized_discounted_cumulative_gain_at_10"
#: Those of the service's metrics that stand beside popularity's, until Aisle has measured the model.
_SERVICE_METRICS = (_SERVICE, "precision_at_5", "precision_at_10", "mean_reciprocal_rank_at_25", "coverage")
_SHORT_NAMES = (
    ("normalized_discounted_cumulative_gain", "ndcg"), ("mean_reciprocal_rank", "mrr"), ("_at_", "@"), ("_", " "),
)  # fmt: skip

LEVELS: dict[str, Level] = {
    "live": "good", "candidate": "busy", "waiting": "busy", "previous": "idle", "rejected": "bad", "retired": "idle",
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One metric of one version against what it must beat. `lift` is over popularity, as a part of it."""

    metric: str
    values: dict[str, float]
    lift: float | None

    @property
    def name(self) -> str:
        return metric_name(self.metric)


@dataclass(frozen=True)
class Version:
    """One version of a solution. `state` is None without a row in ops.model_versions: not evaluated."""

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
    history: Chart | None
    history_metric: str
    is_history_ours: bool
    figures: tuple[Measured, ...]
    comparison: Chart | None
    is_baseline: bool

    @property
    def standing(self) -> tuple[Level, str]:
        """Return whether readers get lists of this solution: a level for the eye, and words."""
        if self.live:
            return "good", f"live: {self.live.name}"
        if self.is_baseline:
            return "idle", "the baseline, never published"
        if any(version.state for version in self.versions):
            return "busy", "none is live"
        return "idle", "not evaluated yet"

    @property
    def why_none_is_live(self) -> str | None:
        """Return what became of the newest version where none was promoted; None for others and for the baseline."""
        newest = next((version for version in self.versions if version.state), None)
        if newest is None or self.live or self.is_baseline:
            return None
        return f"{newest.name} is {newest.state}" + (f": {newest.row['reason']}" if newest.row["reason"] else "")

    @property
    def live(self) -> Version | None:
        return next((version for version in self.versions if version.state == "live"), None)

    @property
    def previous(self) -> Version | None:
        return next((version for version in self.versions if version.state == "previous"), None)

    @property
    def shown(self) -> Version:
        """Return the version whose figures are shown: the newest evaluated, else the live one, else the newest."""
        return _shown(self.versions)


@dataclass(frozen=True)
class Models:
    """What `models.html` draws."""

    solutions: tuple[SolutionState, ...]
    rollbacks: tuple[dict[str, Any], ...]
    choice: Choice


def read(reader: Reader, choice: Choice) -> Models:
    """Read the page of one group from ops.model_versions, ops.model_evaluations and ops.model_metrics."""
    group = choice.shown
    decided = reader.rows("ui/models/versions", n_versions=N_VERSIONS)
    service = _service_metrics(reader)
    rows = sorted(decided + _undecided(decided, service), key=lambda row: row["trained_at"], reverse=True)
    evaluations = _evaluations(reader, [row["solution_version_arn"] for row in rows])
    of_solution: dict[str, list[Version]] = defaultdict(list)
    for row in rows:
        arn = row["solution_version_arn"]
        metrics = service.get((row["solution"], arn), {})
        of_solution[row["solution"]].append(_version(row, evaluations.get(arn, []), metrics))
    known = [group.key(name) for name in group.solutions]
    names = sorted(
        (name for name in of_solution if owner_of(name) == group.name),
        key=lambda name: known.index(name) if name in known else len(known),
    )
    baselines = [group.key(name) for name, solution in group.solutions.items() if solution.recipe in _BASELINES]
    newest_baseline = next((of_solution[name][0].service for name in baselines if of_solution.get(name)), {})
    rollbacks = tuple(row for row in reader.rows("ops/interventions/newest_rollbacks") if row["subject"] in names)
    solutions = tuple(
        _solution(name, tuple(of_solution[name]), {} if name in baselines else newest_baseline, name in baselines)
        for name in names
    )
    return Models(solutions, rollbacks, choice)


def metric_name(metric: str) -> str:
    """Return the short name of a metric: `ndcg@10`."""
    for long, short in _SHORT_NAMES:
        metric = metric.replace(long, short)
    return metric


def _service_metrics(reader: Reader) -> dict[tuple[str, str], dict[str, Any]]:
    """Return metric → value by solution and version; under 'measured_at' when the service gave them."""
    metrics: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    for row in reader.rows("ui/models/metrics", n_versions=N_VERSIONS):
        metrics[row["solution"], row["solution_version_arn"]] |= {
            row["metric"]: row["value"],
            "measured_at": row["measured_at"],
        }
    return metrics


def _undecided(decided: list[dict[str, Any]], service: dict[tuple[str, str], Any]) -> list[dict[str, Any]]:
    """Return the versions that the service has measured and that have no row in ops.model_versions."""
    known = {row["solution_version_arn"] for row in decided}
    nothing = dict.fromkeys(("run_key", "state", "decided_at", "decided_by", "reason"))
    return [
        {**nothing, "solution": solution, "solution_version_arn": arn, "trained_at": metrics["measured_at"]}
        for (solution, arn), metrics in service.items()
        if arn not in known
    ]


def _evaluations(reader: Reader, arns: list[str]) -> dict[str, list[dict[str, Any]]]:
    evaluations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in reader.rows("ui/models/evaluations", arns=arns):
        evaluations[row["solution_version_arn"]].append(row)
    return evaluations


def _version(row: dict[str, Any], evaluated: list[dict[str, Any]], service: dict[str, float]) -> Version:
    state = row["state"]
    return Version(
        arn=row["solution_version_arn"],
        state=state,
        level=LEVELS.get(state or "", "idle"),
        row=row,
        measured=tuple(
            _measured(metric, {row["subject"]: float(row["value"]) for row in evaluated if row["metric"] == metric})
            for metric in METRICS
            if any(row["metric"] == metric for row in evaluated)
        ),
        evaluation=evaluated[0] if evaluated else None,
        service={metric: value for metric, value in service.items() if metric != "measured_at"},
    )


def _measured(metric: str, values: dict[str, float]) -> Measured:
    ours, popular = values.get("candidate"), values.get("popularity")
    return Measured(metric, values, ours / popular - 1 if ours is not None and popular else None)


def _solution(
    solution: str, versions: tuple[Version, ...], baseline: dict[str, float], is_baseline: bool
) -> SolutionState:
    name, shown = solution.rpartition("/")[2], _shown(versions)
    figures = shown.measured or _reported(shown.service, baseline)
    oldest_first = versions[::-1]
    own = [_value(version, "candidate") for version in oldest_first]
    is_ours = sum(value is not None for value in own) > 1
    if is_ours:
        metric, series = _OWN, {"model": own, "popularity": [_value(version, "popularity") for version in oldest_first]}
    else:
        metric, series = _SERVICE, {"model": [version.service.get(_SERVICE) for version in oldest_first]}
    labels = [version.row["trained_at"].strftime("%d %b") for version in oldest_first]
    drawn = charts.history(
        labels, series, f"{metric} of the last {len(versions)} versions of {name}, oldest on the left"
    )
    bars = charts.comparison(
        {figure.name: _subjects(figure) for figure in figures}, f"figures of {shown.name} of {name}"
    )
    return SolutionState(name, versions, drawn, metric_name(metric), is_ours, figures, bars, is_baseline)


def _shown(versions: tuple[Version, ...]) -> Version:
    evaluated = next((version for version in versions if version.measured), None)
    return evaluated or next((version for version in versions if version.state == "live"), versions[0])


def _reported(service: dict[str, float], baseline: dict[str, float]) -> tuple[Measured, ...]:
    """Return the service's own metrics of a version beside those of popularity, where it has both."""
    subjects = {"candidate": service, "popularity": baseline}
    return tuple(
        _measured(metric, {name: float(values[metric]) for name, values in subjects.items() if metric in values})
        for metric in _SERVICE_METRICS
        if metric in service
    )


def _subjects(figure: Measured) -> dict[str, float]:
    names = {"candidate": "this model", "popularity": "popularity", "live": "live then"}
    return {name: figure.values[subject] for subject, name in names.items() if subject in figure.values}


def _value(version: Version, subject: str) -> float | None:
    return next((figure.values.get(subject) for figure in version.measured if figure.metric == _OWN), None)
