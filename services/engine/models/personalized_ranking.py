"""aws-personalized-ranking: what user-personalization learns, asked to order given items.

The scores are those of the whole catalogue; a ranking takes the given items' and makes shares of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.engine.models.user_personalization import UserPersonalization


@dataclass(frozen=True)
class PersonalizedRanking(UserPersonalization):
    """Scores of all items for a user, of which a request names some."""
