"""Share work among all processors that this process may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

#: Minimum rows per thread.
MIN_ROWS = 256
#: More parts than threads, so that no thread waits for a part with long histories or popular items.
PARTS_OF_A_THREAD = 16


def in_parts(work: Callable[[int, int], object], n_rows: int, parts_of_a_thread: int = PARTS_OF_A_THREAD) -> None:
    """Call `work(first, last)` for consecutive parts of the rows, in parallel; it must release the GIL."""
    n_parts = max(1, min(processors(), n_rows // MIN_ROWS))
    if n_parts == 1:
        work(0, n_rows)
        return
    bounds = np.linspace(0, n_rows, parts_of_a_thread * n_parts + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_parts) as pool:
        [*pool.map(work, bounds[:-1], bounds[1:])]


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
