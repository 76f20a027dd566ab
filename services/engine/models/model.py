"""The base of all models, which learn from histories, choose their own settings, and rank."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt

from services.engine.data.training import Training
from services.engine.metrics import Examples
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.ranking import top


@dataclass(frozen=True, slots=True)
class Ranked:
    """Item numbers of each list, best first, and their scores, or None; shapes (n_queries, length)."""

    items: Ints
    scores: Floats | None = None


class Model(ABC):
    """A trained recipe: a frozen dataclass of arrays and plain settings, in the form in which it is stored.

    A query is a history: a user's events, or the items of the question. Answers are numbered like
    `Interactions.item_ids`, those of segments like `Interactions.user_ids`.
    """

    #: The key, in a line of batch input, of the id to recommend for.
    input_key: ClassVar[str] = "userId"
    #: What an answer lists.
    answers: ClassVar[Literal["items", "users"]] = "items"
    #: Whether answers have scores. These are shares in (0, 1) that sum to 1 over the catalogue.
    scored: ClassVar[bool] = False
    #: Whether events after the training change answers at once.
    live: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        """Fit a model to `training`; `options` are hyperparameters as strings, as on the wire."""

    def tuned(self, validation: Examples) -> Self:
        """Return this model with the settings that answer `validation` best."""
        return self

    def like(self, other: Self) -> Self:
        """Return this model with the settings of another one."""
        return self

    @classmethod
    def chosen(cls, training: Training, options: Mapping[str, str], validation: Examples) -> Self:
        """Fit a model to `training` with the settings, chosen by the recipe, that answer `validation` best."""
        return cls.fit(training, options).tuned(validation)

    def refitted(self, training: Training, options: Mapping[str, str]) -> Self:
        """Fit a model to other data with the settings that this one chose."""
        return self.fit(training, options).like(self)

    @property
    def choices(self) -> dict[str, float]:
        """The settings that the recipe chose, by name."""
        return {}

    def without_users(self, kept: npt.NDArray[np.bool_]) -> Self:
        """Return this model without the data of the users that `kept`, shape (n_users,), leaves out."""
        return self

    @classmethod
    def own_metrics(cls, training: Training, options: Mapping[str, str]) -> dict[str, float]:
        """Return the metrics that only this recipe has."""
        return {}

    @abstractmethod
    def scores(self, queries: Histories) -> Floats:
        """Score every answer to each query, higher is better; shape (n_queries, n_answers), a new array.

        An empty query, of an unknown user or item, gets popular items. What must never be an answer, such as the item
        of the question, has -inf.
        """

    def rank(self, queries: Histories, length: int) -> Ranked:
        """Return the best answers to each query, best first: `top` of `scores`, or the same in a faster way."""
        scores = self.scores(queries)
        chosen = top(scores, length)
        return Ranked(chosen, np.take_along_axis(scores, chosen, axis=1) if self.scored else None)
