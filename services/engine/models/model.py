"""What every model can do: learn from histories, choose its own settings, rank."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from services.engine.data.training import Training
from services.engine.metrics import Examples
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.ranking import top


class Ranked(NamedTuple):
    """Item numbers of each list, best first, and their scores if the recipe has any; shapes (n_queries, length)."""

    items: Ints
    scores: Floats | None = None


class Model(ABC):
    """One trained recipe: a frozen dataclass of arrays and plain settings, which is how it is stored.

    A query is a history: a user's events, or the items that are asked about. The answers are numbered like
    `Interactions.item_ids`, for segments like `Interactions.user_ids`.
    """

    #: The key of a batch line that names what to recommend for.
    input_key: ClassVar[str] = "userId"
    #: What an answer lists.
    answers: ClassVar[Literal["items", "users"]] = "items"
    #: Whether answers carry scores, which are then shares: in (0, 1), 1 in sum over the catalogue.
    scored: ClassVar[bool] = False
    #: Whether events after training change the answers at once.
    live: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        """A model of `training`; `options` are hyperparameters as they travel, strings."""

    def tuned(self, validation: Examples) -> Self:
        """The same model with the settings that answer `validation` best."""
        return self

    def like(self, other: Self) -> Self:
        """This model with the settings of another."""
        return self

    @classmethod
    def chosen(cls, training: Training, options: Mapping[str, str], validation: Examples) -> Self:
        """A model of `training` with all that the recipe chooses itself, by what answers `validation` best."""
        return cls.fit(training, options).tuned(validation)

    def refitted(self, training: Training, options: Mapping[str, str]) -> Self:
        """A model of other data with what this one chose."""
        return self.fit(training, options).like(self)

    @property
    def choices(self) -> dict[str, float]:
        """What the recipe chose by itself, by name."""
        return {}

    def without_users(self, kept: npt.NDArray[np.bool_]) -> Self:
        """The same without those of its users that `kept`, shape (n_users,), leaves out, if it holds any of each."""
        return self

    @classmethod
    def own_metrics(cls, training: Training, options: Mapping[str, str]) -> dict[str, float]:
        """Metrics that only this recipe has."""
        return {}

    @abstractmethod
    def scores(self, queries: Histories) -> Floats:
        """How well everything answers each query, higher is better; shape (n_queries, n_answers), a fresh array.

        An empty query, somebody or something unknown, gets popular items. What must never be an answer (the item
        that was asked about) has -inf.
        """

    def rank(self, queries: Histories, length: int) -> Ranked:
        """The best answers to each query, best first: `top` of `scores`, or a faster way to the same."""
        scores = self.scores(queries)
        chosen = top(scores, length)
        return Ranked(chosen, np.take_along_axis(scores, chosen, axis=1) if self.scored else None)
