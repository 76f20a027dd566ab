"""The promotion gate: whether a new model has earned its place, and why, in words.

What counts is the advantage: a model's ndcg_at_10 as a multiple of popularity's on the same hold-out. Weeks differ in
how well anything can be foretold; the multiple takes that out, so that figures of two hold-outs can be compared. With
few users it is a guess all the same, so it has a standard error: a model is not refused for what may be chance.
"""

from __future__ import annotations

from math import hypot
from statistics import NormalDist
from typing import NamedTuple

from aisle.evaluation.metrics import Figures
from aisle.settings import Evaluate

DECISIVE = "ndcg_at_10"
#: Standard error of the advantage, among the figures of a model.
STDERR = "advantage_stderr"

#: Popularity counts as at least this good, or an advantage over next to nothing would be a huge one.
LEAST_POPULARITY = 0.001


class Measured(NamedTuple):
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


class Verdict(NamedTuple):
    """What the gate says of one version."""

    passed: bool
    reason: str


def judge(candidate: Measured, live: Measured | None, wanted: Evaluate) -> Verdict:
    """The verdict on figures. `live` is None where nothing is live, or what is live was never measured."""
    refusals = [_too_narrow(candidate, wanted), _no_better_than_popularity(candidate, wanted)]
    if live:
        refusals.append(_worse_than_live(candidate, live, wanted))
    found = [refusal for refusal in refusals if refusal]
    if found:
        return Verdict(False, "; ".join(found))
    return Verdict(True, _praise(candidate, live))


def judge_unmeasured(why: str, has_live: bool, wanted: Evaluate) -> Verdict:
    """The verdict where there are no figures, because of `why`."""
    if not has_live:
        return Verdict(True, f"{why}; it may go live because nothing is live yet")
    if wanted.without_evidence == "promote":
        return Verdict(True, f"{why}; it may go live because the settings say so")
    return Verdict(False, f"{why}; the live version is kept")


def _too_narrow(candidate: Measured, wanted: Evaluate) -> str | None:
    coverage = candidate.model["coverage"]
    if coverage >= wanted.min_coverage:
        return None
    return f"its lists show {coverage:.1%} of the items, less than {wanted.min_coverage:.1%}"


def _no_better_than_popularity(candidate: Measured, wanted: Evaluate) -> str | None:
    needed = 1 + wanted.min_lift
    if candidate.advantage >= needed:
        return None
    return f"{_compared(candidate)}; at least {needed:.2f} times is asked for"


def _worse_than_live(candidate: Measured, live: Measured, wanted: Evaluate) -> str | None:
    kept = 1 - wanted.max_loss
    needed = live.advantage * kept
    chance = NormalDist().inv_cdf(wanted.confidence) * hypot(candidate.stderr, live.stderr * kept)
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
