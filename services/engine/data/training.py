"""Training data: the histories of a group and the attributes of its items and users."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.engine.data.attributes import Attributes
from services.engine.data.interactions import Interactions
from services.engine.recipes.histories import Histories


@dataclass(frozen=True)
class Training:
    """The data that a model is fitted on.

    items, users  attributes aligned with `interactions.item_ids` and `interactions.user_ids`: row n is item or user n
    seen_seq      number of the newest single record of an event in these data; 0 without any
    Items of the Items dataset without interactions are included: they have attributes and no events.
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

    def only(self, histories: Histories) -> Training:
        """Return the same data with other histories, such as those without the held-out users."""
        interactions = Interactions(self.interactions.user_ids, self.interactions.item_ids, histories)
        return replace(self, interactions=interactions)
