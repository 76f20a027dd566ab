"""Kinship: similarity of items by their users, in three views of the interactions.

ease       how well one item predicts another, given all others
bm25       users in common; users of few items count more
proximity  how close together users took both; later items count more than earlier ones

Each view is a share of the item's best neighbour in it, and the shares are added. Rows are computed one at a time, so
that no matrix of items × items is needed besides the EASE weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.bm25 import item_saturation, user_information
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.kernels import compiled
from services.engine.recipes.threads import in_parts

EASE_WEIGHT, BM25_WEIGHT, PROXIMITY_WEIGHT = 1.0, 1.0, 2.0
REACH = 200  # events
#: A pair `gap` events apart counts 1 / (gap + SOFTENING), and BACKWARD times that if the other item comes earlier.
SOFTENING = 3.0
BACKWARD = 0.5


@dataclass(frozen=True)
class Kinship:
    """The data from which rows of similarities are computed.

    Shapes   takes (n_users, n_items) binary and taken_by, its transpose; events (n_items, n_events), the places of each
    item's events in `histories`; information (n_users,); saturation (n_items,); weights (n_items, n_items), those of
    EASE, or None for so many items that they would not fit.
    """

    histories: Histories
    takes: sp.csr_matrix
    taken_by: sp.csr_matrix
    events: sp.csr_matrix
    information: Floats
    saturation: Floats
    weights: Floats | None

    @classmethod
    def of(cls, histories: Histories, n_items: int, weights: Floats | None) -> Self:
        takes = histories.binary(n_items)
        n_events = len(histories.items)
        places = sp.csr_matrix((np.ones(n_events, bool), histories.items, np.arange(n_events + 1)), (n_events, n_items))
        taken_by = takes.T.tocsr()
        saturation = item_saturation(np.diff(taken_by.indptr).astype(np.float64)).astype(np.float32)
        information = user_information(takes).astype(np.float32)
        return cls(histories, takes, taken_by, places.T.tocsr(), information, saturation, weights)

    def rows(self, items: Ints, min_cointeractions: int) -> Floats:
        """Compute the similarity of some items to all: not negative, 0 to itself; (len(items), n_items), float32.

        Items with fewer than `min_cointeractions` users in common are not alike at all.
        """
        n_items = self.takes.shape[1]
        alike = np.zeros((len(items), n_items), np.float32) if self.weights is None else self.weights[items]
        gaps = np.asarray(1 / (np.arange(1, REACH + 1) + SOFTENING), np.float32)
        users, starts = self.histories.users, self.histories.starts.astype(np.int64)

        def fill(first: int, last: int) -> None:
            _add_views(
                items[first:last].astype(np.int64), _index(self.takes), _index(self.taken_by), _index(self.events),
                (users, starts, self.histories.items, gaps), self.information, self.saturation,
                max(min_cointeractions, 0), alike[first:last],
            )  # fmt: skip

        in_parts(fill, len(items))
        return alike


def _index(matrix: sp.csr_matrix) -> tuple[Ints, Ints]:
    return matrix.indptr.astype(np.int64), matrix.indices


@compiled
def _add_views(
    rows: Ints,
    takes: tuple[Ints, Ints],
    taken_by: tuple[Ints, Ints],
    events: tuple[Ints, Ints],
    histories: tuple[Ints, Ints, Ints, Floats],
    information: Floats,
    saturation: Floats,
    least: int,
    alike: Floats,
) -> None:
    n_items = alike.shape[1]
    shared, bm25, near = np.empty(n_items, np.int64), np.empty(n_items, np.float32), np.empty(n_items, np.float32)
    for row in range(len(rows)):
        item = rows[row]
        shared[:], bm25[:], near[:] = 0, 0, 0
        _count_shared(item, takes, taken_by, information, shared, bm25)
        _count_near(item, events, histories, near)
        bm25 *= saturation
        line = alike[row]
        line[item], bm25[item], near[item] = 0, 0, 0
        best_ease, best_bm25, best_near = _or_one(line.max()), _or_one(bm25.max()), _or_one(near.max())
        for other in range(n_items):
            if shared[other] < least:
                line[other] = 0
                continue
            line[other] = (
                EASE_WEIGHT * max(line[other], 0) / best_ease
                + BM25_WEIGHT * bm25[other] / best_bm25
                + PROXIMITY_WEIGHT * near[other] / best_near
            )
        line[item] = 0


@compiled
def _count_shared(
    item: int, takes: tuple[Ints, Ints], taken_by: tuple[Ints, Ints], information: Floats, shared: Ints, bm25: Floats
) -> None:
    for place in range(taken_by[0][item], taken_by[0][item + 1]):
        user = taken_by[1][place]
        for taken in range(takes[0][user], takes[0][user + 1]):
            other = takes[1][taken]
            shared[other] += 1
            bm25[other] += information[user]


@compiled
def _count_near(item: int, events: tuple[Ints, Ints], histories: tuple[Ints, Ints, Ints, Floats], near: Floats) -> None:
    users, starts, items, gaps = histories
    reach = len(gaps)
    for place in range(events[0][item], events[0][item + 1]):
        event = events[1][place]
        user = users[event]
        for after in range(event + 1, min(starts[user + 1], event + reach + 1)):
            near[items[after]] += gaps[after - event - 1]
        for before in range(max(starts[user], event - reach), event):
            near[items[before]] += gaps[event - before - 1] * BACKWARD


@compiled
def _or_one(value: Any) -> Any:
    return value if value > 0 else np.float32(1)
