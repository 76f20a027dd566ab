"""The three algorithms, and which lists each of them is made of."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aisle.contracts.recommendations import ScoredProduct
from services.serving.feed.content import Catalogue
from services.serving.feed.repository import FeedRepository
from services.serving.feed.schemas import Algorithm
from services.serving.recommendations.questions import Filters, Page
from services.serving.recommendations.service import RecommendationsService
from services.serving.scores import relative_scores
from services.serving.settings import ServingSettings

#: How many products of each list an algorithm looks at.
N_CANDIDATES = 200
#: How long until a change of the products is seen.
_REMEMBER_SECONDS = 900.0
_PERSONAL = ("cache", "campaign")


@dataclass(frozen=True, slots=True)
class SourcedList:
    """Products best first with relative scores, and the names of the sources that they come from."""

    sources: str
    products: Sequence[ScoredProduct]


class Catalogues:
    """The catalogue of the shop, read again after a while."""

    def __init__(self, _settings: ServingSettings) -> None:
        self._catalogue = Catalogue([])
        self._read_at = -math.inf
        self._turn = asyncio.Lock()

    async def current(self, repository: FeedRepository) -> Catalogue:
        """Return the catalogue; whoever finds it too old reads it, and the others wait."""
        async with self._turn:
            if time.monotonic() - self._read_at > _REMEMBER_SECONDS:
                self._catalogue = await asyncio.to_thread(Catalogue, await repository.products())
                self._read_at = time.monotonic()
        return self._catalogue


class Algorithms:
    """Makes lists.

    collaborative: what others with the same interests have: the user's published list, or the recommender's; without
    one, what is in the same orders as the user's items.
    content: what is like the user's items in category, price and name, whoever else wants it.
    hybrid: the sum of both scores, of which collaborative has the share that the settings say.

    Where an algorithm knows nothing of a user, it is what is popular.
    """

    def __init__(
        self,
        recommendations: RecommendationsService,
        repository: FeedRepository,
        catalogues: Catalogues,
        settings: ServingSettings,
    ) -> None:
        self._recommendations = recommendations
        self._repository = repository
        self._catalogues = catalogues
        self._share = settings.hybrid_collaborative_share

    async def make(self, algorithm: Algorithm, user_id: str) -> SourcedList:
        """Return the list of one algorithm for a user."""
        liked = await self._repository.liked(user_id)
        published = await self._published(user_id)
        content = await self._content(liked) if algorithm != "collaborative" else None
        if algorithm == "content":
            return content or published
        collaborative = await self._collaborative(published, liked)
        return _combined(collaborative, content, self._share) if content else collaborative

    async def _published(self, user_id: str) -> SourcedList:
        page = await self._recommendations.for_user(user_id, Page(N_CANDIDATES), Filters(), None)
        return SourcedList(page.source, [ScoredProduct(item.item_id, item.relative_score) for item in page.items])

    async def _collaborative(self, published: SourcedList, liked: Mapping[str, float]) -> SourcedList:
        if published.sources in _PERSONAL or not liked:
            return published
        together = await self._repository.bought_together(liked, N_CANDIDATES)
        return SourcedList("bought_together", _relative(together)) if together else published

    async def _content(self, liked: Mapping[str, float]) -> SourcedList | None:
        if not liked:
            return None
        catalogue = await self._catalogues.current(self._repository)
        alike = catalogue.like(liked, N_CANDIDATES)
        return SourcedList("content", _relative(alike)) if alike else None


def _combined(first: SourcedList, second: SourcedList, share: float) -> SourcedList:
    """Add the scores of two lists, the first with a share, the second with the rest; what a list lacks has 0 there."""
    scores: dict[str, float] = {}
    for part, made in ((share, first), (1 - share, second)):
        for product in made.products:
            scores[product.product_id] = scores.get(product.product_id, 0.0) + part * product.score
    best = sorted(scores.items(), key=lambda scored: (-scored[1], scored[0]))
    return SourcedList(f"{first.sources} {second.sources}", _relative([ScoredProduct(*scored) for scored in best]))


def _relative(products: Sequence[ScoredProduct]) -> list[ScoredProduct]:
    shares = relative_scores([product.score for product in products])
    return [ScoredProduct(product.product_id, share) for product, share in zip(products, shares, strict=True)]
