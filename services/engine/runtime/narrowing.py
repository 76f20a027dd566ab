"""The filter of a request: which items may be recommended, given a user and an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.engine.data.attributes import Attributes
from services.engine.data.datasets import Datasets
from services.engine.filters import Facts, Filter

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Narrowing:
    """A filter and the values of its parameters, as on the wire."""

    filter: Filter
    values: Mapping[str, str] = field(default_factory=dict)

    def allowed(self, universe: Attributes, facts: Facts) -> Mask:
        """Return which rows of the universe the filter allows. Raises InvalidInput if INCLUDE lacks a parameter."""
        return self.filter.allowed(universe, facts, self.values)


def facts(
    datasets: Datasets,
    group_arn: str,
    *,
    user_id: str | None,
    item_id: str | None,
    universe: Attributes,
    mask: Callable[[tuple[str, ...]], Mask],
) -> Facts:
    """Collect the facts about the user and the item of a request; without one it has no attributes and no history.

    universe, mask  the rows to filter, and the function that returns the rows of ids
    """
    no_history: Mapping[str, frozenset[str]] = {}
    history = datasets.interacted(group_arn, user_id) if user_id else no_history

    def interacted(event_type: str) -> Mask:
        items = history.get(event_type)
        return mask(tuple(items)) if items else np.zeros(len(universe.ids), bool)

    return Facts(
        user=datasets.users(group_arn).row(user_id) if user_id else {},
        item=datasets.items(group_arn).row(item_id) if item_id else {},
        interacted=interacted,
    )
