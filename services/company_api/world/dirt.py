"""A handful of broken order items, as every order system sends them: the same ones for the same seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.company_api.order_book import Array, ItemColumns, Product

#: Lines per kind of dirt: three, and one more for every this many lines.
_LINES_PER_DIRT = 50_000


class Dirt(NamedTuple):
    """The lines at fault, by what is wrong with them."""

    missing_product_id: Array
    negative_price: Array
    missing_price: Array
    zero_quantity: Array
    missing_quantity: Array
    negative_quantity: Array
    scanned_twice: Array


def soil(lines: ItemColumns, order_of_line: Array, rng: np.random.Generator) -> Dirt:
    """Break some lines in place."""
    dirt = _choose(lines, order_of_line, rng)
    nameless = len(lines.product.values)
    lines.product.values.append(Product(id=None, title="Loose item"))
    lines.product.codes[dirt.missing_product_id] = nameless
    lines.price[dirt.negative_price] *= -1
    lines.price[dirt.missing_price] = np.nan
    lines.quantity[dirt.zero_quantity] = 0
    lines.quantity[dirt.missing_quantity] = np.nan
    lines.quantity[dirt.negative_quantity] = -1
    for column in (lines.product.codes, lines.quantity, lines.price):
        column[dirt.scanned_twice] = column[dirt.scanned_twice - 1]
    return dirt


def _choose(lines: ItemColumns, order_of_line: Array, rng: np.random.Generator) -> Dirt:
    """Lines that follow another line of their order.

    They lie apart, so that no two kinds of dirt meet, and leave one clean line of every product.
    """
    follows = 1 + np.flatnonzero(order_of_line[1:] == order_of_line[:-1])
    _, first = np.unique(lines.product.codes, return_index=True)
    candidates = np.setdiff1d(follows[follows % 2 == 1], first)
    kinds = len(Dirt._fields)
    per_kind = 3 + len(lines) // _LINES_PER_DIRT
    chosen = rng.choice(candidates, kinds * per_kind, replace=False)
    return Dirt(*chosen.reshape(kinds, per_kind))
