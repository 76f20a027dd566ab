"""One score per item for one request: the model's, then what single records, segment and context say.

    model's scores of the history ─► × signals ─► × segment (nothing known of the user) ─► × context ─► late items

Scores of recipes that have any are shares: in (0, 1), and 1 in sum over the catalogue. Every step keeps them positive,
and the last brings the sum back to 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

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

#: What is left of the score of an item that the user turned down, and of its nearest neighbour.
TURNED_DOWN, NEAREST_NEIGHBOUR = 0.01, 0.5
#: What is left of a score each time the item was shown in vain, and the least that is left.
SHOWN_IN_VAIN, LEAST_LEFT = 0.9, 0.3
MAX_TURNED_DOWN = 20
#: Two ratios of score and usual score closer than this are the same.
SAME_RATIO = 1e-5

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Asked:
    """Whom or what a request asks about, and in which context."""

    user_id: str | None = None
    item_id: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


class Scored(NamedTuple):
    """A score per item of the assortment, and which of them are mere popularity; shapes (n,)."""

    scores: Floats
    popular: Mask


def score(loaded: LoadedVersion, assortment: Assortment, asked: Asked, datasets: Datasets, issued: Issued) -> Scored:
    """How well every item answers a request; -inf for what must not be an answer."""
    if not loaded.trained.model.live:
        return _unmoved(loaded, assortment, asked)
    query, said = _history(loaded, asked, datasets, issued)
    scores = np.array(loaded.trained.model.scores(query)[0])
    popular = _mere_popularity(scores, loaded.usual, query)
    if said is not NO_SIGNALS:
        scores *= _left_of(loaded, assortment, said)
    if not len(query.items) and asked.user_id and (lift := loaded.segment_lift(asked.user_id)) is not None:
        scores *= lift
    if asked.context and (lift := loaded.context_lift(asked.context)) is not None:
        scores *= lift
    scores = assortment.extended(scores)
    n_late = len(scores) - len(popular)
    return Scored(scores / scores.sum(), np.concatenate([popular, np.zeros(n_late, bool)]) if n_late else popular)


def _unmoved(loaded: LoadedVersion, assortment: Assortment, asked: Asked) -> Scored:
    """Scores of a model that no single record moves."""
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

    said = signals(events, datasets.interacted(loaded.group_arn, user_id), shown)
    return (without(query, loaded.trained, said.turned_down) if said.turned_down else query), said


def _left_of(loaded: LoadedVersion, assortment: Assortment, said: Signals) -> Floats:
    """What is left of each score of the model after what the user said; shape (n_items of the model,)."""
    left = np.ones(assortment.n_known, np.float32)
    if said.passed_over:
        places = look_up(loaded.trained.interactions.item_ids, [*said.passed_over])
        times = np.array([*said.passed_over.values()])
        left[places[places >= 0]] = np.maximum(SHOWN_IN_VAIN ** times[places >= 0], LEAST_LEFT)
    refused = look_up(loaded.trained.interactions.item_ids, sorted(said.turned_down)[:MAX_TURNED_DOWN])
    refused = refused[refused >= 0]
    if len(refused):
        left *= _left_of_neighbours(loaded, refused)
        left[refused] = TURNED_DOWN
    return left


def _left_of_neighbours(loaded: LoadedVersion, refused: Ints) -> Floats:
    """What refusing items leaves of the others: less, the more the model would answer with them for these items."""
    nearness = np.maximum(loaded.trained.model.scores(single_items(refused)) - loaded.usual, 0)
    nearness[:, refused] = 0
    nearest = nearness.max(axis=1, keepdims=True)
    nearness /= np.where(nearest > 0, nearest, 1)
    return np.asarray((1 - (1 - NEAREST_NEIGHBOUR) * nearness).prod(axis=0))


def _mere_popularity(scores: Floats, usual: Floats, query: Histories) -> Mask:
    """Items that the history gives no reason for: they keep their usual proportions among each other."""
    if not len(query.items):
        return np.zeros(len(scores), bool)
    ratio = scores / usual
    popular = ratio <= ratio.min() * (1 + SAME_RATIO)
    return popular if popular.sum() > 1 else np.zeros(len(scores), bool)
