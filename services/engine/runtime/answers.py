"""The lists of GetRecommendations and GetPersonalizedRanking, as on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from services.engine.data.attributes import Attributes
from services.engine.data.datasets import Datasets
from services.engine.recipes.exploration import Explored, curiosity, explore, falling, untouched, young
from services.engine.recipes.histories import Floats, Ints
from services.engine.recipes.ranking import best
from services.engine.runtime.assortment import Assortment
from services.engine.runtime.deployments import Deployment, Deployments
from services.engine.runtime.issued import Issued
from services.engine.runtime.narrowing import Narrowing, facts
from services.engine.runtime.promotions import interleave, promoted_places
from services.engine.runtime.scoring import Asked, score

SCORE_DECIMALS = 7
#: Minimum score: a small share is not rounded to 0.
MIN_SCORE = 10.0**-SCORE_DECIMALS
#: Recipes whose answers give reasons.
WITH_REASONS = frozenset({"aws-user-personalization-v2"})
PROMOTED, TRIED, POPULAR = ["Promoted item"], ["Exploration"], ["Popular item"]

Mask = npt.NDArray[np.bool_]
Answer = dict[str, Any]
#: Sets scores to -inf where a filter removes the item; changes nothing without a filter.
Narrow = Callable[[Floats, Narrowing | None], Floats]


@dataclass(frozen=True)
class Promotion:
    """The promoted items (all of them without a filter), and their share of places in per cent."""

    percent: int
    name: str | None = None
    narrowing: Narrowing | None = None


@dataclass(frozen=True)
class Wish:
    """A request: its user or item, filter and promotion, the number of answers, and the metadata columns.

    columns  by name of an Items column, the function that writes its cells
    """

    asked: Asked
    length: int = 0
    narrowing: Narrowing | None = None
    promotion: Promotion | None = None
    columns: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Item numbers in order, their scores, and which of them are promoted or explored; shapes (length,)."""

    items: Ints
    scores: Floats
    promoted: Mask
    tried: Mask


class Answers:
    """Answers requests and keeps the items of each answer. Thread-safe."""

    def __init__(self, deployments: Deployments, datasets: Datasets) -> None:
        self.deployments = deployments
        self.issued = Issued()
        self._datasets = datasets

    def recommend(self, deployment: Deployment, wish: Wish, random: np.random.Generator) -> list[Answer]:
        """Return the best items for a user or item, best first except for promotions: `itemList`."""
        loaded = deployment.loaded
        assortment = loaded.assortment()
        scored = score(loaded, assortment, wish.asked, self._datasets, self.issued)
        scores = scored.scores
        narrow = self._narrower(deployment, wish, assortment.attributes, assortment.mask)
        promoted = _promoted(scores, wish, narrow)
        others = narrow(scores, wish.narrowing)
        if len(promoted):
            others = np.where(np.isin(np.arange(len(others)), promoted), -np.inf, others)
        rest = best(others, wish.length - len(promoted))
        explored = _explored(deployment, assortment, others, rest, random)
        chosen = _mixed(promoted, scores, explored, falling(others[explored.items]), random)
        names = assortment.names[chosen.items].tolist()
        answers = listed(names, chosen, scored.popular[chosen.items], deployment, wish.promotion)
        return self._described(deployment, answers, wish)

    def rank(self, deployment: Deployment, wish: Wish, names: Sequence[str]) -> list[Answer]:
        """Return the given items, best first: `personalizedRanking`.

        Scores are shares of the sum over the known ones. Unknown items come last, in the given order and without a
        score. Repeated items count once.
        """
        names = [*dict.fromkeys(names)]
        loaded = deployment.loaded
        assortment = loaded.assortment()
        places = assortment.places(names)
        known = places >= 0
        scores = np.zeros(len(names))
        scores[known] = score(loaded, assortment, wish.asked, self._datasets, self.issued).scores[places[known]]
        scores /= scores.sum() if known.any() else 1
        order = np.argsort(-scores, kind="stable")
        if wish.narrowing:
            universe = self._datasets.items(loaded.group_arn).align(np.array([name.encode() for name in names]))
            narrow = self._narrower(deployment, wish, universe, lambda items: np.isin(names, items))
            order = order[np.isfinite(narrow(scores, wish.narrowing))[order]]
        answers = [_answer(names[place], scores[place] if known[place] else None) for place in order.tolist()]
        return self._described(deployment, answers, wish)

    def _narrower(
        self, deployment: Deployment, wish: Wish, universe: Attributes, mask: Callable[[tuple[str, ...]], Mask]
    ) -> Narrow:
        """Return the function that applies filters of a request to the universe; `mask` returns the rows of ids."""
        asked, group = wish.asked, deployment.loaded.group_arn
        known = cache(
            lambda: facts(
                self._datasets, group, user_id=asked.user_id, item_id=asked.item_id, universe=universe, mask=mask
            )
        )

        def narrow(scores: Floats, narrowing: Narrowing | None) -> Floats:
            if narrowing is None:
                return scores
            return np.where(narrowing.allowed(universe, known()), scores, -np.inf)

        return narrow

    def _described(self, deployment: Deployment, answers: list[Answer], wish: Wish) -> list[Answer]:
        """Add the requested metadata to the answers; leave out columns without a value."""
        if wish.columns:
            items = self._datasets.items(deployment.loaded.group_arn)
            for answer in answers:
                row = items.row(answer["itemId"])
                present = [(name, text) for name, text in wish.columns.items() if name in row]
                answer["metadata"] = {wire_name(name): text(row[name]) for name, text in present}
        return answers


def wire_name(column: str) -> str:
    """Return `creationTimestamp` for CREATION_TIMESTAMP."""
    first, *others = column.lower().split("_")
    return first + "".join(part.capitalize() for part in others)


def _promoted(scores: Floats, wish: Wish, narrow: Narrow) -> Ints:
    promotion = wish.promotion
    length = promoted_places(promotion.percent, wish.length) if promotion else 0
    return best(narrow(scores, promotion.narrowing), length) if promotion else np.empty(0, np.intp)


def _explored(
    deployment: Deployment, assortment: Assortment, scores: Floats, ranked: Ints, random: np.random.Generator
) -> Explored:
    weight, cut_off_days = deployment.exploration
    if weight <= 0:
        return untouched(ranked)
    may_be_tried = young(assortment.born, assortment.newest, cut_off_days) & np.isfinite(scores)
    return explore(ranked, curiosity(scores, assortment.n_events, may_be_tried), weight, random)


def _mixed(
    promoted: Ints, scores: Floats, explored: Explored, explored_scores: Floats, random: np.random.Generator
) -> Chosen:
    """Interleave promoted items with the others."""
    if not len(promoted):
        return Chosen(explored.items, explored_scores, np.zeros(len(explored.items), bool), explored.tried)
    n_promoted = len(promoted)
    order = interleave(np.arange(n_promoted), n_promoted + np.arange(len(explored.items)), random)
    return Chosen(
        np.concatenate([promoted, explored.items])[order],
        np.concatenate([scores[promoted], explored_scores])[order],
        order < n_promoted,
        np.concatenate([np.zeros(n_promoted, bool), explored.tried])[order],
    )


def listed(
    names: Sequence[str], chosen: Chosen, popular: Mask, deployment: Deployment, promotion: Promotion | None
) -> list[Answer]:
    """Write the chosen items, with score, promotion name and reason where they apply."""
    is_scored = deployment.loaded.trained.model.scored
    has_reasons = deployment.loaded.recipe.name in WITH_REASONS
    answers = []
    flags = zip(chosen.promoted.tolist(), chosen.tried.tolist(), popular.tolist(), strict=True)
    for name, points, (promoted, tried, plain) in zip(names, chosen.scores.tolist(), flags, strict=True):
        reason = (PROMOTED if promoted else TRIED if tried else POPULAR if plain else None) if has_reasons else None
        answer = _answer(name, points if is_scored and reason is not POPULAR else None)
        if promoted and promotion and promotion.name:
            answer["promotionName"] = promotion.name
        if reason:
            answer["reason"] = reason
        answers.append(answer)
    return answers


def _answer(name: str, points: float | None) -> Answer:
    if points is None:
        return {"itemId": name}
    return {"itemId": name, "score": max(round(float(points), SCORE_DECIMALS), MIN_SCORE)}
