"""From the figures of an experiment to what they allow to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from services.serving.assignment.definitions import Arm, Experiment
from services.serving.errors import ExperimentUnknown
from services.serving.experiments.repository import ArmCounts, ExperimentsRepository
from services.serving.experiments.schemas import (
    ArmReport,
    Conclusion,
    DailyExposures,
    Effect,
    ExperimentList,
    ExperimentReport,
    ExperimentSummary,
    State,
)
from services.serving.experiments.statistics import (
    ALPHA,
    SAMPLE_RATIO_ALPHA,
    Difference,
    Rate,
    difference,
    sample_ratio_p_value,
)

METHOD = "Mixture sequential probability ratio test (mSPRT) with its confidence sequence, always valid"


def now() -> datetime:
    """Return the time by which users count as observed."""
    return datetime.now(UTC)


class ExperimentsService:
    """Reports on the experiments of the file."""

    def __init__(self, experiments: Sequence[Experiment], repository: ExperimentsRepository) -> None:
        self._experiments = experiments
        self._repository = repository

    def all(self) -> ExperimentList:
        """Return the experiments without their figures."""
        moment = now()
        return ExperimentList(experiments=[_summary(experiment, moment) for experiment in self._experiments])

    async def report(self, name: str) -> ExperimentReport:
        """Return what has come of an experiment so far. Raises ExperimentUnknown."""
        experiment = next((experiment for experiment in self._experiments if experiment.name == name), None)
        if experiment is None:
            names = ", ".join(experiment.name for experiment in self._experiments) or "none"
            raise ExperimentUnknown(f"the file of the experiments has no {name!r}; it has {names}")
        moment = now()
        counts, n_in_several_arms = await self._repository.counts(experiment, moment)
        by_arm = {arm.name: counts.get(arm.name, ArmCounts()) for arm in experiment.arms}
        p_value = sample_ratio_p_value(
            [of_arm.n_exposed for of_arm in by_arm.values()], [arm.weight for arm in experiment.arms]
        )
        is_mismatched = p_value is not None and p_value < SAMPLE_RATIO_ALPHA
        return ExperimentReport(
            **_summary(experiment, moment).model_dump(),
            effect=experiment.effect,
            alpha=ALPHA,
            method=METHOD,
            n_in_several_arms=n_in_several_arms,
            sample_ratio_p_value=p_value,
            has_sample_ratio_mismatch=is_mismatched,
            reports=[_arm_report(experiment, arm, by_arm, is_mismatched) for arm in experiment.arms],
            days=[
                DailyExposures(day=day, arm=arm, n_users=n_users)
                for day, arm, n_users in await self._repository.days(experiment)
            ],
            computed_at=moment,
        )


def _summary(experiment: Experiment, moment: datetime) -> ExperimentSummary:
    return ExperimentSummary(
        name=experiment.name,
        description=experiment.description,
        state=_state(experiment, moment),
        starts_at=experiment.starts_at,
        ends_at=experiment.ends_at,
        outcome=experiment.outcome,
        outcome_days=experiment.outcome_days,
        share=experiment.share,
        arms=[arm.name for arm in experiment.arms],
    )


def _state(experiment: Experiment, moment: datetime) -> State:
    if experiment.is_running(moment):
        return "running"
    return "planned" if moment < experiment.starts_at else "ended"


def _arm_report(experiment: Experiment, arm: Arm, counts: dict[str, ArmCounts], is_mismatched: bool) -> ArmReport:
    ours, control = counts[arm.name], counts[experiment.control.name]
    outcome, rejection = _rates(experiment, ours)
    effect = guardrail = None
    if arm != experiment.control:
        control_outcome, control_rejection = _rates(experiment, control)
        alpha = ALPHA / (len(experiment.arms) - 1)  # of several comparisons none may err (Bonferroni)
        effect = difference(control_outcome, outcome, effect=experiment.effect, alpha=alpha)
        guardrail = difference(control_rejection, rejection, effect=experiment.effect, alpha=alpha)
    return ArmReport(
        name=arm.name,
        group=arm.group,
        **asdict(ours),
        rate=outcome.value,
        rejection_rate=rejection.value,
        effect=_effect(effect),
        guardrail=_effect(guardrail),
        conclusion=None if arm == experiment.control else _conclusion(effect, guardrail, is_mismatched),
    )


def _rates(experiment: Experiment, counts: ArmCounts) -> tuple[Rate, Rate]:
    n_outcomes = counts.n_clicked if experiment.outcome == "clicked" else counts.n_purchased
    return Rate(counts.n_observed, n_outcomes), Rate(counts.n_observed, counts.n_rejected)


def _effect(of: Difference | None) -> Effect | None:
    if of is None:
        return None
    return Effect(difference=of.value, low=of.low, high=of.high, p_value=of.p_value)


def _conclusion(effect: Difference | None, guardrail: Difference | None, is_mismatched: bool) -> Conclusion:
    if is_mismatched:
        return "sample_ratio_mismatch"
    if guardrail is not None and guardrail.low > 0:
        return "guardrail_broken"
    if effect is None:
        return "too_few"
    if effect.low > 0:
        return "better"
    return "worse" if effect.high < 0 else "undecided"
