"""What every model can do: learn from histories, choose its own settings, rank."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

from services.engine.metrics import Examples
from services.engine.recipes.histories import Floats, Histories, Ints


class Ranked(NamedTuple):
    """Item numbers of each list, best first, and their scores if the recipe has any; shapes (n_queries, length)."""

    items: Ints
    scores: Floats | None = None


class Model(ABC):
    """One trained recipe: a frozen dataclass of arrays and plain settings, which is how it is stored."""

    #: The key of a batch line that names what to recommend for.
    input_key: ClassVar[str] = "userId"

    @classmethod
    @abstractmethod
    def fit(cls, histories: Histories, n_items: int, options: Mapping[str, str]) -> Self:
        """A model of `histories`; `options` are hyperparameters as they travel, strings."""

    def tuned(self, validation: Examples) -> Self:
        """The same model with the settings that answer `validation` best."""
        return self

    def like(self, other: Self) -> Self:
        """This model with the settings of another."""
        return self

    @abstractmethod
    def rank(self, queries: Histories, length: int) -> Ranked:
        """A list for each query. An empty query, somebody or something unknown, gets popular items."""
