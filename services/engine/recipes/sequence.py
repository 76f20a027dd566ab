"""Sequence rules: the items that follow an item in the users' histories."""

from __future__ import annotations

from functools import partial

import numpy as np
import scipy.sparse as sp

from services.engine.recipes.histories import Histories
from services.engine.recipes.kernels import follow
from services.engine.recipes.neighbourhood import csr_of, heaps
from services.engine.recipes.pairs import flat
from services.engine.recipes.threads import in_parts


def sequence_rules(
    histories: Histories, n_items: int, *, limit: int = 100, reach: int = 5, shrinkage: float = 3.0
) -> sp.csr_matrix:
    """Weigh each item's followers: one `gap` events later counts 1 / gap; rows are shares of their support.

    limit      number of followers to keep of each item
    shrinkage  support at which a row has half its size, so that followers of rare items weigh little
    Returns    (n_items, n_items) sparse float32 with an empty diagonal; a row sums to less than 1.
    """
    items = flat(histories.items, np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(items, minlength=n_items))])
    # Grouping by item through a sparse matrix is a counting sort.
    n_events = len(items)
    grouped = sp.csr_matrix((np.zeros(n_events, np.int8), items, np.arange(n_events + 1)), (n_events, n_items)).tocsc()
    events, ends = grouped.indices.astype(np.int64), np.repeat(histories.starts[1:], histories.lengths)
    values, columns = heaps(n_items, min(limit, n_items))
    ends = flat(ends, np.int64)
    work = partial(follow, starts, events, items, ends, reach, np.float32(shrinkage), values, columns)
    in_parts(work, n_items)
    return csr_of(values, columns, n_items)
