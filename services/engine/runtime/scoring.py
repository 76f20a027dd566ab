"""One score per item for a request: the model's, adjusted by single records, segment and context.

    model's scores of the history ─► × signals ─► × segment (without a history) ─► × context ─► late items

Scores of recipes that have them are shares: in (0, 1), with a sum of 1 over the catalogue. Every step keeps them
positive, and the last one restores the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.engine.data.datasets import Datasets
from services.engine.data.ids import look_up
from services.engine.data.records import LiveEvent
from services.engine.models.storage import single_items
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.runtime.assortment import Assortment
from services.engine.runtime.deployments import LoadedVersion
from services.engine.runtime.issued import Issued
from services.engine.runtime.signals import NO_SIGNALS, Signals, histories, signals, without

#: Factors on the score of an item that the user turned down, and on that of its nearest neighbour.
TURNED_DOWN, NEAREST_NEIGHBOUR = 0.01, 0.5
#: Factor on a score for each time the item was shown in vain, and its minimum.
SHOWN_IN_VAIN, MIN_SHOWN_IN_VAIN = 0.9, 0.3
MAX_TURNED_DOWN = 20
#: Ratios of score and usual score that are closer than this are equal.
SAME_RATIO = 1e-5

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """The user or item of a request, and its context."""

    user_id: str | None = None
    item_id: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """A score per item of the assortment, and which of them are only popularity; shapes (n,)."""

    scores: Floats
    popular: Mask


def score(loaded: LoadedVersion, assortment: Assortment, asked: Asked, datasets: Datasets, issued: Issued) -> Scored:
    """Score every item for a request; -inf for items that must not be recommended."""
    if not loaded.trained.model.live:
        return _score_of_model(loaded, assortment, asked)
    query, given = _history(loaded, asked, datasets, issued)
    scores = np.array(loaded.trained.model.scores(query)[0])
    popular = _only_popular(scores, loaded.usual, query)
    if given is not NO_SIGNALS:
        scores *= _factors(loaded, assortment, given)
    if not len(query.items) and asked.user_id and (lift := loaded.segment_lift(asked.user_id)) is not None:
        scores *= lift
    if asked.context and (lift := loaded.context_lift(asked.context)) is not None:
        scores *= lift
    scores = assortment.extended(scores)
    n_late = len(scores) - len(popular)
    return Scored(scores / scores.sum(), np.concatenate([popular, np.zeros(n_late, bool)]) if n_late else popular)


def _score_of_model(loaded: LoadedVersion, assortment: Assortment, asked: Asked) -> Scored:
    """Score with a model whose answers do not depend on single records."""
    model = loaded.trained.model
    key = asked.item_id if model.input_key == "itemId" else asked.user_id
    scores = model.scores(loaded.trained.queries([key or ""]))[0]
    return Scored(assortment.extended(scores), np.zeros(len(assortment), bool))


def _history(loaded: LoadedVersion, asked: Asked, datasets: Datasets, issued: Issued) -> tuple[Histories, Signals]:
    user_id = asked.user_id or ""
    events = datasets.live_events(loaded.group_arn, user_id)
    query = histories(loaded.trained, [user_id], [events], loaded.selection, loaded.seen_seq)

    def shown(event: LiveEvent) -> Iterable[str]:
        return event.impression or (issued.items(event.recommendation_id) if event.recommendation_id else ())

    given = signals(events, datasets.interacted(loaded.group_arn, user_id), shown)
    return (without(query, loaded.trained, given.turned_down) if given.turned_down else query), given


def _factors(loaded: LoadedVersion, assortment: Assortment, given: Signals) -> Floats:
    """Return the factors of the user's signals on the model's scores; shape (n_items of the model,)."""
    factors = np.ones(assortment.n_known, np.float32)
    if given.passed_over:
        places = look_up(loaded.trained.interactions.item_ids, [*given.passed_over])
        times = np.array([*given.passed_over.values()])
        factors[places[places >= 0]] = np.maximum(SHOWN_IN_VAIN ** times[places >= 0], MIN_SHOWN_IN_VAIN)
    refused = look_up(loaded.trained.interactions.item_ids, sorted(given.turned_down)[:MAX_TURNED_DOWN])
    refused = refused[refused >= 0]
    if len(refused):
        factors *= _factors_near(loaded, refused)
        factors[refused] = TURNED_DOWN
    return factors


def _factors_near(loaded: LoadedVersion, refused: Ints) -> Floats:
    """Return the factors of refused items on all others: lower, the higher the model scores them for these items."""
    nearness = np.maximum(loaded.trained.model.scores(single_items(refused)) - loaded.usual, 0)
    nearness[:, refused] = 0
    nearest = nearness.max(axis=1, keepdims=True)
    nearness /= np.where(nearest > 0, nearest, 1)
    return np.asarray((1 - (1 - NEAREST_NEIGHBOUR) * nearness).prod(axis=0))


def _only_popular(scores: Floats, usual: Floats, query: Histories) -> Mask:
    """Return the items without a reason in the history: these keep their usual proportions."""
    if not len(query.items):
        return np.zeros(len(scores), bool)
    ratio = scores / usual
    popular = ratio <= ratio.min() * (1 + SAME_RATIO)
    return popular if popular.sum() > 1 else np.zeros(len(scores), bool)
