"""What a recipe learns from: the histories of a group and the attributes of its items and users."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.engine.data.attributes import Attributes
from services.engine.data.interactions import Interactions
from services.engine.recipes.histories import Histories


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

    def only(self, histories: Histories) -> Training:
        """The same with other histories, of which a part is held out."""
        interactions = Interactions(self.interactions.user_ids, self.interactions.item_ids, histories)
        return replace(self, interactions=interactions)
