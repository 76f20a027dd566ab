"""The promotion gate: whether a new model may go live, and why.

It compares advantages: a model's ndcg_at_10 as a multiple of popularity's on the same hold-out. Some weeks are harder
to predict than others; the multiple removes that, so that figures of two hold-outs can be compared. With few users the
advantage is uncertain, so it has a standard error: a model is not rejected for a difference that may be chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from statistics import NormalDist

from aisle.evaluation.metrics import Figures
from aisle.settings import Evaluate

DECISIVE = "ndcg_at_10"
#: Standard error of the advantage, among the figures of a model.
STDERR = "advantage_stderr"

#: Popularity counts as at least this good, or an advantage over next to nothing would be a huge one.
LEAST_POPULARITY = 0.001


@dataclass(frozen=True, slots=True)
class Measured:
    """One model and popularity, on one hold-out."""

    model: Figures
    popularity: Figures

    @property
    def advantage(self) -> float:
        """The model's decisive metric as a multiple of popularity's."""
        return self.model[DECISIVE] / max(self.popularity[DECISIVE], LEAST_POPULARITY)

    @property
    def stderr(self) -> float:
        """The standard error of the advantage; none was kept of versions measured before there was one."""
        return self.model.get(STDERR, 0.0)


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's decision on a version."""

    passed: bool
    reason: str


def decide(candidate: Measured, live: Measured | None, settings: Evaluate) -> Decision:
    """Decide on a candidate's figures. `live` is None if nothing is live, or the live version was never measured."""
    refusals = [_too_narrow(candidate, settings), _no_better_than_popularity(candidate, settings)]
    if live:
        refusals.append(_worse_than_live(candidate, live, settings))
    reasons = [refusal for refusal in refusals if refusal]
    if reasons:
        return Decision(False, "; ".join(reasons))
    return Decision(True, _praise(candidate, live))


def decide_unmeasured(why: str, has_live: bool, settings: Evaluate) -> Decision:
    """Decide on a version that has no figures, because of `why`."""
    if not has_live:
        return Decision(True, f"{why}; it may go live because nothing is live yet")
    if settings.without_evidence == "promote":
        return Decision(True, f"{why}; it may go live because the settings say so")
    return Decision(False, f"{why}; the live version is kept")


def _too_narrow(candidate: Measured, settings: Evaluate) -> str | None:
    coverage = candidate.model["coverage"]
    if coverage >= settings.min_coverage:
        return None
    return f"its lists show {coverage:.1%} of the items, less than {settings.min_coverage:.1%}"


def _no_better_than_popularity(candidate: Measured, settings: Evaluate) -> str | None:
    needed = 1 + settings.min_lift
    if candidate.advantage >= needed:
        return None
    return f"{_compared(candidate)}; at least {needed:.2f} times is asked for"


def _worse_than_live(candidate: Measured, live: Measured, settings: Evaluate) -> str | None:
    kept = 1 - settings.max_loss
    needed = live.advantage * kept
    chance = NormalDist().inv_cdf(settings.confidence) * hypot(candidate.stderr, live.stderr * kept)
    if candidate.advantage + chance >= needed:
        return None
    return (
        f"its advantage over popularity is {candidate.advantage:.2f} times, the live version's is "
        f"{live.advantage:.2f} times; at least {needed:.2f} times is asked for, of which {chance:.2f} may be chance"
    )


def _praise(candidate: Measured, live: Measured | None) -> str:
    against = f", where the live version is {live.advantage:.2f} times as good" if live else ""
    return f"{_compared(candidate)}{against}; its lists show {candidate.model['coverage']:.1%} of the items"


def _compared(candidate: Measured) -> str:
    ndcg, popular = candidate.model[DECISIVE], candidate.popularity[DECISIVE]
    return f"its {DECISIVE} is {ndcg:.4f}, popularity's is {popular:.4f}: {candidate.advantage:.2f} times as good"
