"""Work shared by all the processors that this process may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

#: Fewer rows than this are not worth a second thread.
MIN_ROWS = 256
#: More parts than threads, so that a part of long histories or popular items does not keep the others waiting.
PARTS_OF_A_THREAD = 16


def in_parts(work: Callable[[int, int], object], n_rows: int, parts_of_a_thread: int = PARTS_OF_A_THREAD) -> None:
    """Call `work(first, last)` for consecutive parts of the rows, at the same time; it must release the GIL."""
    n_parts = max(1, min(processors(), n_rows // MIN_ROWS))
    if n_parts == 1:
        work(0, n_rows)
        return
    borders = np.linspace(0, n_rows, parts_of_a_thread * n_parts + 1).astype(int).tolist()
    with ThreadPoolExecutor(n_parts) as pool:
        [*pool.map(work, borders[:-1], borders[1:])]


def processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
