"""Who orders when, and what lies in each basket."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.company_api.order_book import Array
from services.company_api.world.catalogue import Catalogue
from services.company_api.world.people import People
from services.company_api.world.scales import DAYS, FIRST_DAY, Scale

#: Where an order item comes from: the person's own products, a taste, the season, or what everybody buys.
_ORIGINS = np.cumsum([0.35, 0.45, 0.12])
_KIT_CHANCE = 0.45  # that a basket's second, fourth, … item is the companion of the one before it
_LARGEST_BASKET = 60
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Visits:
    """One row per order, not sorted. `at` is datetime64[s] in UTC."""

    person: Array
    at: Array
    sizes: Array


def visits(scale: Scale, people: People, rng: np.random.Generator) -> Visits:
    """Every customer orders once; the rest of the orders go to those who come back; each walk-in comes once."""
    returning = rng.pareto(1.3, people.known) + 0.5
    returning = np.minimum(returning, 60 * returning.mean())
    again = rng.choice(people.known, scale.orders - people.size, p=returning / returning.sum())
    person = np.sort(np.concatenate([np.arange(people.size), again]))
    return Visits(person, _times(person, people, rng), _basket_sizes(scale, rng))


def _times(person: Array, people: People, rng: np.random.Generator) -> Array:
    """Each person comes at a rhythm, as closely as the two years need for all visits, in shop hours."""
    counts = np.bincount(person, minlength=people.size)
    nth = np.arange(len(person)) - np.repeat(np.cumsum(counts) - counts, counts)
    step = np.minimum(people.rhythm_days, 0.95 * DAYS / counts)
    first = rng.random(people.size) * (DAYS - (counts - 1) * step)
    day = first[person] + nth * step[person] + rng.normal(0, 0.1, len(person)) * step[person]
    whole_day = np.clip(np.floor(day), 0, DAYS - 1).astype(np.int64)
    seconds = rng.triangular(4 * 3_600, 12 * 3_600, 19 * 3_600, len(person)).astype(np.int64)  # UTC
    opening = np.datetime64(FIRST_DAY.replace(tzinfo=None), "s")
    return opening + (whole_day * _DAY_SECONDS + seconds).astype("timedelta64[s]")


def _basket_sizes(scale: Scale, rng: np.random.Generator) -> Array:
    """Items per order, many small baskets and few large ones, adding up to `scale.order_items`."""
    mean = scale.order_items / scale.orders
    sizes = 1 + rng.negative_binomial(1.5, 1.5 / (1.5 + mean - 1), scale.orders)
    sizes = np.minimum(sizes, min(_LARGEST_BASKET, scale.products // 4))
    while missing := scale.order_items - int(sizes.sum()):
        room = np.flatnonzero(sizes < _LARGEST_BASKET // 2 if missing > 0 else sizes > 1)
        chosen = rng.permutation(room)[: abs(missing)]
        sizes[chosen] += np.sign(missing)
    return sizes


def fill(baskets: Visits, people: People, catalogue: Catalogue, rng: np.random.Generator) -> Array:
    """The product of every order item: shape (order items,), none twice in a basket, each bought at least once."""
    order = np.repeat(np.arange(len(baskets.sizes)), baskets.sizes)
    person = baskets.person[order]
    month = baskets.at.astype("datetime64[M]").astype(np.int64)[order] % 12 + 1
    product = _wishes(person, month, people, catalogue, rng)
    nth = np.arange(len(order)) - np.repeat(np.cumsum(baskets.sizes) - baskets.sizes, baskets.sizes)
    _add_companions(product, nth, catalogue, rng)
    _sell_everything(product, catalogue, rng)
    _replace_repeats(product, order, person, people, catalogue, rng)
    return product


def _wishes(person: Array, month: Array, people: People, catalogue: Catalogue, rng: np.random.Generator) -> Array:
    origin = np.searchsorted(_ORIGINS, rng.random(len(person)))
    favourite = np.minimum(rng.geometric(0.35, len(person)) - 1, people.repertoire.shape[1] - 1)
    category, style = people.taste(person, rng)
    category = np.where(origin == 2, catalogue.draw_category(month, rng), category)
    anything = origin == 3
    category = np.where(anything, rng.integers(catalogue.n_categories, size=len(person)), category)
    style = np.where(anything, rng.integers(catalogue.n_styles, size=len(person)), style)
    return np.where(origin == 0, people.repertoire[person, favourite], catalogue.draw(category, style, rng))


def _add_companions(product: Array, nth: Array, catalogue: Catalogue, rng: np.random.Generator) -> None:
    kit = np.flatnonzero((nth % 2 == 1) & (rng.random(len(nth)) < _KIT_CHANCE))
    companion = catalogue.companion[product[kit - 1]]
    product[kit[companion >= 0]] = companion[companion >= 0]


def _sell_everything(product: Array, catalogue: Catalogue, rng: np.random.Generator) -> None:
    """Put each product nobody wished for in the place of an item whose product stands elsewhere too."""
    sold, first = np.unique(product, return_index=True)
    unsold = np.setdiff1d(np.arange(catalogue.size), sold)
    spare = np.setdiff1d(np.arange(len(product)), first)
    product[rng.choice(spare, len(unsold), replace=False)] = unsold


def _replace_repeats(
    product: Array, order: Array, person: Array, people: People, catalogue: Catalogue, rng: np.random.Generator
) -> None:
    """Wish again for each item whose product the basket already holds: by taste at first, then for anything."""
    for attempt in range(1_000):
        repeats = _repeats(product, order, catalogue.size)
        if not len(repeats):
            return
        if attempt < 4:
            product[repeats] = catalogue.draw(*people.taste(person[repeats], rng), rng)
        else:
            product[repeats] = rng.integers(catalogue.size, size=len(repeats))


def _repeats(product: Array, order: Array, products: int) -> Array:
    """Items whose product is an earlier item of the same order."""
    _, first = np.unique(order * products + product, return_index=True)
    return np.setdiff1d(np.arange(len(product)), first, assume_unique=True)
