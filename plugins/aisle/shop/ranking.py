"""How a selection becomes a list without a recommender: similar items of the products, popularity in the place.

    score = weight x similarity + (1 - weight) x popularity      weight: 1 products, 0.5 both, 0 metadata

Similarity is the mean, over the five selected products, of the product's share of the best score in the list of items
similar to each; popularity is its share of the orders of the most ordered product. Both are from 0 to 1, and so is the
score. Of equal scores the more popular product comes first, so that a short list is filled with what is popular.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal

import msgspec

from aisle.contracts.recommendations import ScoredProduct
from aisle.shop.selection import N_RECOMMENDED, Mode, Selection

Source = Literal["campaign", "similar_items", "similar_items_and_popular", "popular_in_region", "popular"]

#: The most popular products that are weighed.
N_POPULAR = 200
WEIGHTS: Mapping[Mode, float] = {"products": 1.0, "both": 0.5, "metadata": 0.0}


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the warehouse knows about a selection; lists are best first."""

    similar: Mapping[str, Sequence[ScoredProduct]]  # by selected product
    popular: Sequence[ScoredProduct]
    place: str | None = None  # whose orders `popular` counts; None: the whole shop's
    generation: str | None = None  # of the lists


class RankedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One place of an answer. `goes_with`: the selected products that it is similar to."""

    product_id: str
    score: float
    goes_with: tuple[str, ...] = ()


class ShopAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The list of one request, best first, and where it comes from."""

    source: Source
    products: tuple[RankedProduct, ...]
    place: str | None = None
    generation: str | None = None


def answer(selection: Selection, evidence: Evidence) -> ShopAnswer:
    """Rank what is similar to the selected products and what is popular; a selected product is never among it."""
    weight = WEIGHTS[selection.mode]
    similarity = [_shares(evidence.similar.get(product_id, ())) for product_id in selection.product_ids]
    popularity = _shares(evidence.popular)
    ranked = [
        RankedProduct(
            product_id=product_id,
            score=weight * _mean(product_id, similarity) + (1 - weight) * popularity.get(product_id, 0.0),
            goes_with=tuple(
                selected
                for selected, shares in zip(selection.product_ids, similarity, strict=True)
                if product_id in shares
            ),
        )
        for product_id in {*popularity, *(product_id for shares in similarity for product_id in shares)}
        if product_id not in selection.product_ids
    ]
    ranked.sort(key=lambda product: (-product.score, -popularity.get(product.product_id, 0.0), product.product_id))
    shown = tuple(ranked[:N_RECOMMENDED])
    return ShopAnswer(
        source=_source(selection.mode, shown, evidence.place),
        products=shown,
        place=evidence.place,
        generation=evidence.generation if any(product.goes_with for product in shown) else None,
    )


def _shares(products: Sequence[ScoredProduct]) -> dict[str, float]:
    """Each product's share of the best score; where no score is above zero, all have the same."""
    best = max((product.score for product in products), default=0.0)
    return {product.product_id: max(0.0, product.score / best) if best > 0 else 1.0 for product in products}


def _mean(product_id: str, similarity: Sequence[Mapping[str, float]]) -> float:
    return fmean(shares.get(product_id, 0.0) for shares in similarity) if similarity else 0.0


def _source(mode: Mode, shown: Sequence[RankedProduct], place: str | None) -> Source:
    if mode != "metadata" and any(product.goes_with for product in shown):
        return "similar_items" if mode == "products" else "similar_items_and_popular"
    return "popular_in_region" if place else "popular"
