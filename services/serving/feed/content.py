"""Which products are like those of a user, by what they are: category, price, and the words of their names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from aisle.contracts.recommendations import ScoredProduct

#: How much each kind of attribute counts in the likeness of two products, which is 1 where all of them are equal.
WEIGHTS = {"category": 0.4, "word": 0.45, "price": 0.15}
#: Prices within a factor of this are alike.
_PRICE_STEP = 1.5
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Product:
    """What a product is, as far as the marts know."""

    product_id: str
    name: str | None
    category: str | None
    price: float | None


class Catalogue:
    """The attributes of all products, as one sparse matrix: a row of length 1 or less for each product."""

    def __init__(self, products: Sequence[Product]) -> None:
        self._ids = [product.product_id for product in products]
        self._rows = {product_id: row for row, product_id in enumerate(self._ids)}
        self._matrix = _matrix(products)

    def like(self, liked: Mapping[str, float], n_items: int, without: Collection[str] = ()) -> list[ScoredProduct]:
        """Return the products most like those of a user, best first; none of the user's own.

        `liked` says how much each of them counts. The score is the mean likeness to them, from 0 to 1.
        """
        own = [(self._rows[item_id], weight) for item_id, weight in liked.items() if item_id in self._rows]
        if not own:
            return []
        rows, weights = np.array([row for row, _ in own]), np.array([weight for _, weight in own])
        profile = (weights / weights.sum()) @ self._matrix[rows]
        scores = self._matrix @ profile
        scores[[*rows, *(self._rows[item_id] for item_id in without if item_id in self._rows)]] = 0
        best = np.lexsort((np.arange(len(scores)), -scores))[:n_items]
        return [ScoredProduct(self._ids[row], float(scores[row])) for row in best if scores[row] > 0]


def _matrix(products: Sequence[Product]) -> Any:
    rarity = _rarity(products)
    columns: dict[tuple[str, object], int] = {}
    entries = [
        (value, row, columns.setdefault(attribute, len(columns)))
        for row, product in enumerate(products)
        for attribute, value in _attributes(product, rarity).items()
    ]
    values, rows, cols = zip(*entries, strict=True) if entries else ((), (), ())
    return csr_array((values, (rows, cols)), shape=(len(products), len(columns) or 1))


def _attributes(product: Product, rarity: Mapping[str, float]) -> dict[tuple[str, object], float]:
    """The attributes of a product, so that the product of two rows is the weighted sum of what they share."""
    attributes: dict[tuple[str, object], float] = {}
    if product.category:
        attributes["category", product.category.casefold()] = math.sqrt(WEIGHTS["category"])
    if product.price is not None and product.price > 0:
        attributes["price", round(math.log(product.price, _PRICE_STEP))] = math.sqrt(WEIGHTS["price"])
    words = _words(product.name)
    length = math.sqrt(sum(rarity[word] ** 2 for word in words))
    for word in words:
        attributes["word", word] = math.sqrt(WEIGHTS["word"]) * rarity[word] / length
    return attributes


def _rarity(products: Sequence[Product]) -> dict[str, float]:
    """How much each word says: a rare one more than one that is in many names."""
    n_names = Counter(word for product in products for word in _words(product.name))
    return {word: math.log((1 + len(products)) / (1 + n)) + 1 for word, n in n_names.items()}


def _words(name: str | None) -> frozenset[str]:
    return frozenset(_WORD.findall((name or "").casefold()))
