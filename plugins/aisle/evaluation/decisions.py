"""Decide on each candidate from the answers of the twins."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from aisle.evaluation import evaluations, metrics
from aisle.evaluation.evaluations import Evaluation, Subject
from aisle.evaluation.gate import LEAST_POPULARITY, STDERR, Decision, decide, decide_unmeasured
from aisle.evaluation.hold_out import Case, HoldOut, count_items, rank_lists, rank_popularity
from aisle.evaluation.metrics import Figures, gains, ratio_stderr
from aisle.groups.dataset_group import DatasetGroup, Kind
from aisle.models import registry
from aisle.models.registry import Version
from aisle.settings import get_settings

log = logging.getLogger(__name__)

Lists = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version to decide on, the live one beside it, and their twins by name. Equal names: equal recipes."""

    solution: str
    kind: Kind
    arn: str
    twin: str
    live_arn: str | None
    live_twin: str | None


@dataclass(frozen=True, slots=True)
class VersionDecision:
    """A decision on a version, as tasks pass it on. `table` is Markdown."""

    arn: str
    passed: bool
    reason: str
    table: str


def measure(
    group: DatasetGroup, candidate: Candidate, lists: Mapping[str, Lists], hold_out: HoldOut, cases: list[Case]
) -> VersionDecision:
    """Measure a candidate by the lists of the twins on the cases of its kind, keep the figures, and decide."""
    evaluator = _HoldOutEvaluator(group, hold_out, cases)
    figures: dict[Subject, Evaluation] = {
        "candidate": evaluator.evaluate(lists[candidate.twin]),
        "popularity": evaluator.evaluate_popularity(),
    }
    popularity_of_live: Evaluation | None = figures["popularity"]
    if candidate.live_twin == candidate.twin:
        earlier = evaluations.read(candidate.live_arn or "")
        live, popularity_of_live = earlier.get("candidate"), earlier.get("popularity")
    else:
        live = evaluator.evaluate(lists[candidate.live_twin]) if candidate.live_twin else None
    if live:
        figures["live"] = live
    evaluations.store(candidate.arn, figures)
    decision = decide(
        evaluations.measured(figures["candidate"], figures["popularity"]),  # type: ignore[arg-type]
        evaluations.measured(live, popularity_of_live),
        get_settings().evaluate,
    )
    return conclude(candidate.arn, decision, evaluations.as_table(figures))


def pass_over(candidate: Candidate, why: str) -> VersionDecision:
    """Decide on a candidate that could not be measured, because of `why`."""
    settings = get_settings().evaluate
    if not settings.enabled:
        return conclude(candidate.arn, Decision(True, why), "")
    return conclude(candidate.arn, decide_unmeasured(why, candidate.live_arn is not None, settings), "")


def as_decided(version: Version) -> VersionDecision:
    """Return an earlier decision as it stands: the version is not promoted a second time."""
    return VersionDecision(version.solution_version_arn, False, f"it is {version.state} already: {version.reason}", "")


def conclude(arn: str, decision: Decision, table: str) -> VersionDecision:
    """Log the decision, and record a rejection."""
    log.info("%s %s: %s", arn, "passed" if decision.passed else "did not pass", decision.reason)
    if not decision.passed:
        registry.reject(arn, "gate", decision.reason)
    return VersionDecision(arn, decision.passed, decision.reason, table)


class _HoldOutEvaluator:
    """Evaluate lists on a hold-out, compared with popularity."""

    def __init__(self, group: DatasetGroup, hold_out: HoldOut, cases: list[Case]) -> None:
        self._hold_out, self._cases = hold_out, cases
        self._n_items = count_items(group, hold_out)
        self._bought = {case.user_id: set(case.bought) for case in cases}
        self._popular = rank_popularity(group, hold_out, cases)

    def evaluate(self, lists: Lists) -> Evaluation:
        """Evaluate a model by its lists, with the standard error of its advantage."""
        ranked = rank_lists(lists, self._cases)
        own, popular = gains(ranked, self._bought), gains(self._popular, self._bought)
        return self._evaluation(ranked, {STDERR: ratio_stderr(own, popular, LEAST_POPULARITY)})

    def evaluate_popularity(self) -> Evaluation:
        """Evaluate popularity itself."""
        return self._evaluation(self._popular, {})

    def _evaluation(self, ranked: Lists, more: Figures) -> Evaluation:
        figures = metrics.measure(ranked, self._bought, self._n_items) | more
        return Evaluation(figures, self._hold_out.starts_at, self._hold_out.ends_at, len(self._cases))
