"""The row that publish writes and serve reads."""

from __future__ import annotations

from typing import Literal

import msgspec

#: Where a score comes from: the service, the engine, or the place in a list that came without scores.
ScoreKind = Literal["personalize", "engine", "rank"]

USER_RECOMMENDATIONS = "offline_user_recommendations"
SIMILAR_PRODUCTS = "offline_similar_items"

#: Most products that serving is asked for at once.
LONGEST_ANSWER = 500


class ScoredProduct(msgspec.Struct, frozen=True):
    """One element of a cached list, best first."""

    product_id: str
    score: float
