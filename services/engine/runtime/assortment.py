"""Every item that may be recommended: those of the model in its order, then those added after its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from services.engine.data.attributes import SEPARATOR, Attributes, Texts
from services.engine.data.ids import Ids, look_up
from services.engine.data.interactions import Interactions
from services.engine.recipes.exploration import first_seen
from services.engine.recipes.histories import Floats, Ints

CREATED = "CREATION_TIMESTAMP"


@dataclass(frozen=True, slots=True)
class Traits:
    """Pairs of an item and a value of one of its text columns; `items` and `values` have one entry per pair."""

    items: Ints
    values: Ints
    n_values: int


@dataclass(frozen=True)
class Assortment:
    """Items by number.

    Shapes   ids (n,); attributes n rows; n_events (n,); born (n,) epoch seconds, NaN if unknown
    n_known  number of items, at the beginning, that the model knows
    newest   epoch seconds of the newest interaction of the data
    """

    ids: Ids
    n_known: int
    attributes: Attributes
    n_events: Ints
    born: Floats
    newest: float

    @classmethod
    def of(cls, interactions: Interactions, items: Attributes, *, with_late: bool) -> Assortment:
        """Collect the items of a model, with current attributes, and with `with_late` those that it does not know."""
        known, histories = interactions.item_ids, interactions.histories
        late = np.setdiff1d(items.ids, known) if with_late else known[:0]
        ids = np.concatenate([known, late])
        attributes = items.align(ids)
        seen = np.concatenate([first_seen(histories, len(known)), np.full(len(late), np.nan)])
        created = attributes.columns.get(CREATED)
        if isinstance(created, np.ndarray):
            seen = np.where(np.isnan(created), seen, created)
        newest = float(histories.times.max()) if len(histories.times) else 0.0
        return cls(ids, len(known), attributes, np.bincount(histories.items, minlength=len(ids)), seen, newest)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def names(self) -> npt.NDArray[np.object_]:
        """The ids as text, shape (n,)."""
        return np.array([name.decode() for name in self.ids.tolist()], dtype=object)

    def places(self, names: Sequence[str]) -> Ints:
        """Return the numbers of items, -1 for those that are not in the assortment."""
        known = look_up(self.ids[: self.n_known], names)
        late = look_up(self.ids[self.n_known :], names)
        return np.where((known < 0) & (late >= 0), late + self.n_known, known)

    def mask(self, names: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Return which items have one of these ids, shape (n,)."""
        places = self.places(names)
        mask = np.zeros(len(self), bool)
        mask[places[places >= 0]] = True
        return mask

    def extended(self, scores: Floats) -> Floats:
        """Extend the scores of known items, which are finite, to all items; shape (n_known,) → (n,).

        A late item gets the mean, over its values (category, brand, …), of the mean score of the known items with that
        value, which passes a user's taste on to it. Without a value in common it gets the minimum.
        """
        n_late = len(self) - self.n_known
        if not n_late:
            return scores
        traits = self._traits
        known = traits.items < self.n_known
        values, owners = traits.values[known], scores[traits.items[known]]
        n_owners = np.bincount(values, minlength=traits.n_values)
        means = np.bincount(values, owners, traits.n_values) / np.maximum(n_owners, 1)
        shared = ~known & (n_owners[traits.values] > 0)
        items = traits.items[shared] - self.n_known
        n_shared = np.bincount(items, minlength=n_late)
        likely = np.bincount(items, means[traits.values[shared]], n_late) / np.maximum(n_shared, 1)
        return np.concatenate([scores, np.where(n_shared > 0, likely, scores.min()).astype(scores.dtype)])

    @cached_property
    def _traits(self) -> Traits:
        none: Ints = np.empty(0, np.int64)
        items, values, n_values = [none], [none], 0
        for column in self.attributes.columns.values():
            if isinstance(column, Texts):
                pairs = _pairs(column)
                items.append(pairs.items)
                values.append(pairs.values + n_values)
                n_values += pairs.n_values
        return Traits(np.concatenate(items), np.concatenate(values), n_values)


def _pairs(column: Texts) -> Traits:
    """Return the values of one column; `a|b` is two values."""
    numbers: dict[str, int] = {}
    of_cell: list[list[int]] = [
        [numbers.setdefault(value, len(numbers)) for value in dict.fromkeys(cell.split(SEPARATOR))]
        for cell in column.cells
    ]
    lengths = np.array([*map(len, of_cell), 0])[column.codes]
    items = np.repeat(np.arange(len(column.codes)), lengths)
    values = [value for code in column.codes.tolist() if code >= 0 for value in of_cell[code]]
    return Traits(items, np.array(values, np.int64), len(numbers))
