"""aws-personalized-ranking: the model of user-personalization, which orders given items.

It scores the whole catalogue; a ranking takes the scores of the given items, as shares of their sum.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.engine.models.user_personalization import UserPersonalization


@dataclass(frozen=True)
class PersonalizedRanking(UserPersonalization):
    """Scores all items for a user; requests name some of them."""
