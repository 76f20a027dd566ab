"""What a recipe learns from: the histories of a group and the attributes of its items and users."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from services.engine.data.attributes import Attributes, Texts
from services.engine.data.interactions import Interactions
from services.engine.recipes.histories import Histories, Ints


@dataclass(frozen=True)
class Training:
    """Everything a model may be fitted on.

    items, users  attributes aligned with `interactions.item_ids` and `interactions.user_ids`: row n is item or user n.
    seen_seq      number of the newest single record of an event that is in here; 0 without any.
    Items of the Items dataset that nobody took are items too: they have attributes and no event.
    """

    interactions: Interactions
    items: Attributes
    users: Attributes
    seen_seq: int = 0

    @property
    def histories(self) -> Histories:
        return self.interactions.histories

    @property
    def n_items(self) -> int:
        return len(self.interactions.item_ids)

    @cached_property
    def item_times(self) -> Ints:
        """When each item came into being, epoch seconds, shape (n_items,).

        That is its CREATION_TIMESTAMP, else its oldest interaction, else the newest interaction of all: it is new.
        Source: developer guide, "Items dataset".
        """
        histories = self.histories
        newest = int(histories.times.max()) if len(histories.times) else 0
        times = np.full(self.n_items, newest, np.int64)
        np.minimum.at(times, histories.items, histories.times)
        created = self.items.columns.get("CREATION_TIMESTAMP")
        if created is None or isinstance(created, Texts):
            return times
        return np.where(np.isnan(created), times, np.nan_to_num(created)).astype(np.int64)

    def only(self, histories: Histories) -> Training:
        """The same with other histories, of which a part is held out."""
        interactions = Interactions(self.interactions.user_ids, self.interactions.item_ids, histories)
        return replace(self, interactions=interactions)
