"""The lists that publish writes and serve reads, and the two tables that they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

#: Whom or what a list is about.
Subject = Literal["users", "items"]

#: Where a score comes from: the service, the engine, or the place in a list that came without scores.
ScoreKind = Literal["personalize", "engine", "rank"]

USER_RECOMMENDATIONS = "offline_user_recommendations"
SIMILAR_PRODUCTS = "offline_similar_items"


@dataclass(frozen=True, slots=True)
class ListTable:
    """A table of lists: its name, its column that says whose list a row is, and its column of products."""

    subject: Subject
    name: str
    key: str
    products: str

    @property
    def staging(self) -> str:
        """Name of the table that the next generation is loaded into."""
        return f"{self.name}__next"


#: Each dataset group has both, in its schema of the cache.
LIST_TABLES: dict[Subject, ListTable] = {
    "users": ListTable("users", USER_RECOMMENDATIONS, "user_id", "recommendations"),
    "items": ListTable("items", SIMILAR_PRODUCTS, "product_id", "similar_products"),
}

#: Most products that serving is asked for at once.
LONGEST_ANSWER = 500


class ScoredProduct(msgspec.Struct, frozen=True):
    """One element of a cached list, best first."""

    product_id: str
    score: float
