"""A handful of broken order items, as every order system sends them: the same ones for the same seed."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from services.company_api.order_book import Array, ItemColumns, Product

#: Order items per kind of dirt: three, and one more for every this many.
_ITEMS_PER_DIRT = 50_000


@dataclass(frozen=True, slots=True)
class Dirt:
    """The order items at fault, by what is wrong with them."""

    missing_product_id: Array
    negative_price: Array
    missing_price: Array
    zero_quantity: Array
    missing_quantity: Array
    negative_quantity: Array
    scanned_twice: Array


def soil(order_items: ItemColumns, order_of_item: Array, rng: np.random.Generator) -> Dirt:
    """Break some order items in place."""
    dirt = _choose(order_items, order_of_item, rng)
    nameless = len(order_items.product.values)
    order_items.product.values.append(Product(id=None, title="Loose item"))
    order_items.product.codes[dirt.missing_product_id] = nameless
    order_items.price[dirt.negative_price] *= -1
    order_items.price[dirt.missing_price] = np.nan
    order_items.quantity[dirt.zero_quantity] = 0
    order_items.quantity[dirt.missing_quantity] = np.nan
    order_items.quantity[dirt.negative_quantity] = -1
    for column in (order_items.product.codes, order_items.quantity, order_items.price):
        column[dirt.scanned_twice] = column[dirt.scanned_twice - 1]
    return dirt


def _choose(order_items: ItemColumns, order_of_item: Array, rng: np.random.Generator) -> Dirt:
    """Order items that follow another item of their order.

    They lie apart, so that no two kinds of dirt meet, and leave one clean item of every product.
    """
    follows = 1 + np.flatnonzero(order_of_item[1:] == order_of_item[:-1])
    _, first = np.unique(order_items.product.codes, return_index=True)
    candidates = np.setdiff1d(follows[follows % 2 == 1], first)
    kinds = len(fields(Dirt))
    per_kind = 3 + len(order_items) // _ITEMS_PER_DIRT
    chosen = rng.choice(candidates, kinds * per_kind, replace=False)
    return Dirt(*chosen.reshape(kinds, per_kind))
