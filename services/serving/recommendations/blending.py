"""One scale for several wishes: what a list says, what the user did just now, where and when, and what the shop wants.

    value of an item = its relative score in the list + sum of weight × share, for each term

A relative score and a share are from 0 to 1 and a weight is at most 1, so that a term moves an item by at most its
weight: with a weight of 0.3, an item that is 0.3 of the best score behind another never passes it by that term alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aisle.contracts.recommendations import ScoredProduct
from services.serving.scores import relative_scores


@dataclass(frozen=True, slots=True)
class Term:
    """A wish: its weight, and from 0 to 1 how well each item fulfils it; an item that is left out has 0."""

    weight: float
    shares: Mapping[str, float]


def blend(products: Sequence[ScoredProduct], terms: Sequence[Term]) -> list[ScoredProduct]:
    """Return the items by their value, best first; of equal ones the list's first. Items of terms alone have no score
    in the list, and come in for their terms alone.
    """
    base = dict(
        zip(
            [product.product_id for product in products],
            relative_scores([product.score for product in products]),
            strict=True,
        )
    )
    item_ids = dict.fromkeys([*base, *(item_id for term in terms for item_id in term.shares)])
    values = {
        item_id: base.get(item_id, 0.0) + sum(term.weight * term.shares.get(item_id, 0.0) for term in terms)
        for item_id in item_ids
    }
    return [ScoredProduct(item_id, values[item_id]) for item_id in sorted(values, key=values.__getitem__, reverse=True)]


def shares_of(amounts: Mapping[str, float]) -> dict[str, float]:
    """Return each amount as a share of the greatest one."""
    greatest = max(amounts.values(), default=0.0)
    return {item_id: max(0.0, amount) / greatest for item_id, amount in amounts.items()} if greatest > 0 else {}
