"""Lists of products as the cache stores them."""

from __future__ import annotations

import msgspec

from aisle.contracts.recommendations import ScoredProduct

_decode = msgspec.json.Decoder(list[ScoredProduct]).decode


def read_list(text: str) -> list[ScoredProduct]:
    """Decode a stored list. Of a product that it repeats, the first place counts."""
    first: dict[str, ScoredProduct] = {}
    for product in _decode(text):
        first.setdefault(product.product_id, product)
    return list(first.values())
