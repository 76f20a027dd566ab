"""Which list answers a question: the first of a chain of sources that has something left to show."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from aisle.contracts.recommendations import ScoredProduct
from services.serving.assignment.assigner import Assignment
from services.serving.errors import ItemUnknown
from services.serving.lists import StoredList
from services.serving.metrics import ANSWERS
from services.serving.recommendations.blending import Term, blend
from services.serving.recommendations.campaign import Campaigns
from services.serving.recommendations.picks import Pick, Picks, PicksFile, Pin
from services.serving.recommendations.questions import Filters, Page, Region, Wishes
from services.serving.recommendations.reactions import Reactions
from services.serving.recommendations.repository import KnownUser, RecommendationsRepository
from services.serving.recommendations.schemas import (
    PopularItems,
    RankedItem,
    Ranking,
    RankingQuestion,
    Reason,
    ScoredItem,
    ScoreKind,
    SimilarItems,
    Source,
    UserRecommendations,
)
from services.serving.recommendations.wishes import terms_of
from services.serving.scores import relative_scores
from services.serving.settings import ServingSettings

_encode = msgspec.json.Encoder().encode

#: Items that a user did something to, the newest ones, to which other items may be related.
_N_RECENT = 5
NO_WISHES = Wishes()


@dataclass(frozen=True)
class Candidates:
    """What one source of the chain has to offer, best first."""

    source: Source
    score_kind: ScoreKind
    products: Sequence[ScoredProduct]
    generation: str | None = None
    model_version: str | None = None
    made_at: datetime | None = None
    region: Region | None = None
    is_filtered: bool = False  # by the statement that counted them
    related: Mapping[str, float] = field(default_factory=dict)  # to what the user did lately, from 0 to 1
    picks: Mapping[str, Pick] = field(default_factory=dict)  # items that merchandisers have picked

    @classmethod
    def cached(cls, stored: StoredList) -> Candidates:
        return cls(
            "cache", stored.score_kind, stored.products, stored.generation, stored.model_version, stored.updated_at
        )

    def only(self, item_ids: Collection[str]) -> Candidates:
        return replace(
            self,
            products=[product for product in self.products if product.product_id in item_ids],
            related={item_id: share for item_id, share in self.related.items() if item_id in item_ids},
        )

    def without(self, item_ids: Collection[str]) -> Candidates:
        return self.only([item_id for item_id in self.item_ids if item_id not in item_ids]) if item_ids else self

    def with_pins(self, pins: Sequence[Pin], allowed: Collection[str]) -> Candidates:
        """Put pinned items to their places; one that is not in the list comes in with a score of 0."""
        pins = [pin for pin in pins if pin.item_id in allowed]
        own = {product.product_id: product for product in self.products}
        pinned = {pin.item_id for pin in pins}
        products = [product for product in self.products if product.product_id not in pinned]
        last = -1
        for pin in pins:
            last = max(pin.place - 1, last + 1)
            products.insert(last, own.get(pin.item_id) or ScoredProduct(pin.item_id, 0.0))
        return replace(self, products=products, picks={**self.picks, **dict.fromkeys(pinned, "pinned")})

    @property
    def are_any(self) -> bool:
        """Whether there is anything on offer."""
        return bool(self.products or self.related)

    @property
    def item_ids(self) -> list[str]:
        return list(dict.fromkeys([*[product.product_id for product in self.products], *self.related]))


class RecommendationsService:
    """Answers from the cache first; a list of the recommender or of popularity where the cache has nothing."""

    def __init__(self, repository: RecommendationsRepository, campaigns: Campaigns, settings: ServingSettings) -> None:
        self._repository = repository
        self._campaigns = campaigns
        self._picks = PicksFile(settings.picks_file)
        self._settings = settings

    async def for_user(
        self, user_id: str, page: Page, filters: Filters, group: str | None, wishes: Wishes = NO_WISHES
    ) -> UserRecommendations:
        """Return the first list of the chain in which anything is left for the user, or the last one, empty."""
        user = await self._repository.user(user_id, group)
        disliked = user.reactions.disliked
        async for candidates in self._chain(user_id, user, filters, group):
            left = await self._left(candidates, filters, user_id, disliked)
            if left.are_any:
                break
        picks = self._picks.now(group)
        left = await self._blended(left, wishes, picks)
        if picks.pin:
            pinned = Candidates("popular", "popularity", [ScoredProduct(pin.item_id, 0.0) for pin in picks.pin])
            left = left.with_pins(picks.pin, (await self._left(pinned, filters, user_id, disliked)).item_ids)
        ANSWERS.labels("user", left.source).inc()
        return UserRecommendations(user_id=user_id, **await self._fields(left, page, user_id, user_id=user_id))

    async def in_arm(
        self, assignment: Assignment, user_id: str, page: Page, filters: Filters, wishes: Wishes = NO_WISHES
    ) -> UserRecommendations:
        """Return the list of the user's arm; while the arm's group has no lists, that of a user without an arm."""
        if not await self._repository.has_group(assignment.arm.group):
            return await self.for_user(user_id, page, filters, None, wishes)
        answer = await self.for_user(user_id, page, filters, assignment.arm.group, wishes)
        return replace(answer, experiment=assignment.experiment.name, arm=assignment.arm.name)

    async def disliked(self, user_id: str) -> frozenset[str]:
        """Return the items of which the last thing that a user did says that they do not want them."""
        return (await self._repository.reactions_of(user_id)).disliked

    async def similar_to(self, item_id: str, page: Page, filters: Filters, group: str | None) -> SimilarItems:
        """Return the item's list, also for an id in other case than the shop's. Raises ItemUnknown."""
        stored = await self._repository.list_of("items", item_id, group)
        if stored is None:
            item_id = await self._spelt(item_id)
            stored = await self._repository.list_of("items", item_id, group)
        if stored is not None:
            candidates = Candidates.cached(stored)
        elif (products := await self._campaigns.similar_to(item_id, group)) is not None:
            candidates = Candidates("campaign", self._campaigns.score_kind, products)
        else:
            raise ItemUnknown(f"no similar items are cached for item {item_id!r}; nothing may be like it yet")
        left = await self._left(candidates.without(frozenset({item_id})), filters)
        ANSWERS.labels("similar", left.source).inc()
        return SimilarItems(item_id=item_id, **await self._fields(left, page, None, item_id=item_id))

    async def bought_together(self, item_id: str, page: Page, filters: Filters) -> SimilarItems:
        """Return what is in the same orders as an item. Raises ItemUnknown."""
        item_id = await self._spelt(item_id)
        products = await self._repository.bought_together(item_id)
        left = await self._left(Candidates("bought_together", "closeness", products), filters)
        ANSWERS.labels("bought_together", left.source).inc()
        return SimilarItems(item_id=item_id, **await self._fields(left, page, None, item_id=item_id))

    async def popular(self, page: Page, filters: Filters) -> PopularItems:
        """Return what is ordered most in the region of the filters, or in the whole shop."""
        products = await self._repository.popular(filters)
        source: Source = "popular_in_region" if filters.region else "popular"
        return await self._of_everybody(Candidates(source, "popularity", products, region=filters.region), page)

    async def trending(self, page: Page, filters: Filters) -> PopularItems:
        """Return what is ordered more than before, in the region of the filters, or in the whole shop."""
        products = await self._repository.trending(filters)
        return await self._of_everybody(Candidates("trending", "growth", products, region=filters.region), page)

    async def ranking(self, question: RankingQuestion) -> Ranking:
        """Put the items of the user's list first, as it has them, then the others by their orders."""
        user = await self._repository.user(question.user_id, question.group)
        known = Candidates.cached(user.stored) if user.stored else Candidates("popular", "popularity", [])
        given = dict.fromkeys(question.item_ids)
        asked = [item_id for item_id in given if item_id not in user.reactions.disliked]
        disliked = [item_id for item_id in given if item_id in user.reactions.disliked]
        listed = known.only(frozenset(asked))
        rest = [item_id for item_id in asked if item_id not in set(listed.item_ids)]
        orders = await self._repository.orders_of(rest) if rest else {}
        items = [
            *[RankedItem(item_id=item.product_id, score=item.score, ranked_by="cache") for item in listed.products],
            *[RankedItem(item_id=item_id, score=orders[item_id], ranked_by="popular")
              for item_id in sorted(orders, key=lambda item_id: (-orders[item_id], asked.index(item_id)))],
            *[RankedItem(item_id=item_id, score=None, ranked_by="given") for item_id in rest if item_id not in orders],
            *[RankedItem(item_id=item_id, score=None, ranked_by="disliked") for item_id in disliked],
        ]  # fmt: skip
        ANSWERS.labels("ranking", known.source).inc()
        origin = self._origin(known)
        identity = _identity(origin, question.model_dump(), [(item.item_id, item.score) for item in items])
        return Ranking(user_id=question.user_id, items=items, recommendation_id=identity, **self._aged(known, origin))

    async def region(self, kind: str, name: str) -> Region | None:
        """Return a region by its name, in whatever case."""
        return await self._repository.region(kind, name)

    # -- the chain ------------------------------------------------------------------------------------------------

    async def _chain(
        self, user_id: str, user: KnownUser, filters: Filters, group: str | None
    ) -> AsyncIterator[Candidates]:
        """The sources for a user, one after the other. A user with a list never costs a call to the recommender."""
        if user.stored is not None:
            yield await self._with_related(Candidates.cached(user.stored), user.reactions, group)
        else:
            if (products := await self._campaigns.recommend(user_id, group)) is not None:
                yield Candidates("campaign", self._campaigns.score_kind, products)
            if (related := await self._related_alone(user.reactions, group)) is not None:
                yield related
        if group is not None and (own := await self._repository.popular_of_group(group)) is not None:
            yield Candidates("popular", "popularity", own.products, own.generation, made_at=own.counted_at)
            return
        if region := filters.region or await self._repository.region_of(user_id):
            products = await self._repository.popular_in(region, filters)
            yield Candidates("popular_in_region", "popularity", products, region=region, is_filtered=True)
        yield Candidates("popular", "popularity", await self._repository.popular(filters), is_filtered=True)

    async def _with_related(self, cached: Candidates, reactions: Reactions, group: str | None) -> Candidates:
        """Add to a cached list what is similar to what its user did in the last minutes, by lists of one generation."""
        recent = reactions.since(datetime.now(UTC) - self._settings.recent) if reactions.liked else {}
        if not recent:
            return cached
        lists = [stored for stored in await self._similar(recent, group) if stored.generation == cached.generation]
        related = _related(lists, recent)
        return replace(cached, source="cache_and_recent", related=related) if related else cached

    async def _related_alone(self, reactions: Reactions, group: str | None) -> Candidates | None:
        """Return what is similar to what a user without a list did last, whenever that was; None if that is nothing."""
        lists = await self._similar(reactions.liked, group)
        lists = [stored for stored in lists if stored.generation == lists[0].generation]
        related = _related(lists, reactions.liked)
        return replace(Candidates.cached(lists[0]), source="recent", products=[], related=related) if related else None

    async def _similar(self, item_ids: Iterable[str], group: str | None) -> list[StoredList]:
        newest = list(islice(item_ids, _N_RECENT))
        lists = await asyncio.gather(*(self._repository.list_of("items", item_id, group) for item_id in newest))
        return [stored for stored in lists if stored is not None]

    async def _blended(self, candidates: Candidates, wishes: Wishes, picks: Picks) -> Candidates:
        """Put the items into the order of the blend, if anything but the list itself counts."""
        terms = await terms_of(wishes, candidates.item_ids, self._repository) if wishes.are_any else []
        if candidates.related:
            terms.append(Term(self._settings.recent_weight, candidates.related))
        boosts = picks.boosts_of(candidates.item_ids) if picks.boost else Term(1.0, {})
        if boosts.shares:
            terms.append(boosts)
        if not terms:
            return candidates
        return replace(
            candidates,
            score_kind="blended",
            products=blend(candidates.products, terms),
            related={},
            picks=dict.fromkeys(boosts.shares, "boosted"),
        )

    async def _left(
        self,
        candidates: Candidates,
        filters: Filters,
        user_id: str | None = None,
        disliked: frozenset[str] = frozenset(),
    ) -> Candidates:
        """Leave out what the question does not ask for, the user does not want or, by setting, already has."""
        candidates = candidates.without(disliked)
        if filters.are_any and candidates.are_any and not candidates.is_filtered:
            candidates = candidates.only(await self._repository.fitting(candidates.item_ids, filters))
        if user_id is not None and self._settings.exclude_purchased and candidates.are_any:
            candidates = candidates.without(await self._repository.purchased(user_id, candidates.item_ids))
        return candidates

    async def _spelt(self, item_id: str) -> str:
        """Return the id as the shop spells it. Raises ItemUnknown if no item, or more than one, can be meant."""
        spellings = await self._repository.spellings(item_id)
        if not spellings:
            raise ItemUnknown(f"no item {item_id!r} is known, in upper or lower case; compare the id with the orders")
        if len(spellings) > 1 and item_id not in spellings:
            raise ItemUnknown(f"item {item_id!r} may be any of {', '.join(map(repr, spellings))}; ask for one of them")
        return item_id if item_id in spellings else spellings[0]

    # -- how an answer is written -----------------------------------------------------------------------------------

    async def _of_everybody(self, candidates: Candidates, page: Page) -> PopularItems:
        ANSWERS.labels("popular", candidates.source).inc()
        region = candidates.region.name if candidates.region else None
        return PopularItems(region=region, **await self._fields(candidates, page, None, region=region))

    async def _fields(self, candidates: Candidates, page: Page, reader: str | None, **about: Any) -> dict[str, Any]:
        """The fields of an answer. Relative scores are those of the whole list, whatever the page."""
        items = _scored(candidates.products, candidates.picks, page)
        if page.with_reasons:
            await self._give_reasons(items, candidates, reader)
        origin = self._origin(candidates)
        identity = _identity(origin, about | {"offset": page.offset}, [(item.item_id, item.score) for item in items])
        return {
            "items": items,
            "total": len(candidates.products),
            "offset": page.offset,
            "score_kind": candidates.score_kind,
            "recommendation_id": identity,
            **self._aged(candidates, origin),
        }

    async def _give_reasons(self, items: Sequence[ScoredItem], candidates: Candidates, reader: str | None) -> None:
        """What a person bought together with an item is a better reason than that everybody buys it."""
        item_ids = [item.item_id for item in items]
        bought = await self._repository.bought_with(reader, item_ids) if reader is not None and item_ids else {}
        for item in items:
            if purchase := bought.get(item.item_id):
                text = f"bought with {purchase.name or purchase.item_id}"
                item.reason = Reason(kind="bought_with", text=text, item_id=purchase.item_id)
            elif candidates.source == "popular_in_region" and candidates.region:
                name = candidates.region.name
                item.reason = Reason(kind="popular_in_region", text=f"popular in {name}", region=name)
            elif candidates.source == "popular":
                item.reason = Reason(kind="popular", text="popular")

    def _origin(self, candidates: Candidates) -> dict[str, Any]:
        return {
            "source": candidates.source,
            "generation": candidates.generation,
            "model_version": candidates.model_version,
            "generated_at": candidates.made_at,
        }

    def _aged(self, candidates: Candidates, origin: dict[str, Any]) -> dict[str, Any]:
        age = datetime.now(UTC) - candidates.made_at if candidates.made_at else None
        return origin | {
            "age_seconds": max(0, int(age.total_seconds())) if age is not None else None,
            "is_stale": age is not None and age > self._settings.cache_ttl,
        }


def _identity(*parts: Any) -> str:
    """Name an answer by what was asked and said, so that a page that is fetched again is no second recommendation."""
    return hashlib.blake2b(_encode(parts), digest_size=16).hexdigest()


def _related(lists: Sequence[StoredList], to: Collection[str]) -> dict[str, float]:
    """How close each item is to one of these, from 0 to 1: its share of the best score in that one's list."""
    closeness: dict[str, float] = {}
    for stored in lists:
        shares = relative_scores([product.score for product in stored.products])
        for product, share in zip(stored.products, shares, strict=True):
            closeness[product.product_id] = max(share, closeness.get(product.product_id, 0.0))
    return {item_id: share for item_id, share in closeness.items() if item_id not in to}


def _scored(products: Sequence[ScoredProduct], picks: Mapping[str, Pick], page: Page) -> list[ScoredItem]:
    relative = relative_scores([product.score for product in products])
    shown = slice(page.offset, page.offset + page.limit)
    return [
        ScoredItem(product.product_id, product.score, share, None, picks.get(product.product_id))
        for product, share in zip(products[shown], relative[shown], strict=True)
    ]
