"""The base of the contenders: learn, recommend 25 items to every user, and list 25 items similar to each item.

Seen items are not filtered. A script runs in a process of its own: `python <script> FOLDER RESULT` reads the arrays in
FOLDER and writes the seconds of each step to RESULT as JSON. It imports nothing of the project.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

LENGTH = 25
KIB = 1024


class Contender(ABC):
    """One library. `users` and `items` are the numbers, from 0, of each order item's user and item."""

    #: Number of users to recommend to, if all would take too long; the time is scaled up.
    sample: int | None = None

    def __init__(self, users: Any, items: Any) -> None:
        self.users, self.items = users, items
        self.n_users, self.n_items = int(users.max()) + 1, int(items.max()) + 1

    @property
    def pairs(self) -> Any:
        """1 for each pair of user and item; csr, float32."""
        ones = np.ones(len(self.users), np.float32)
        pairs = sp.csr_matrix((ones, (self.users, self.items)), shape=(self.n_users, self.n_items))
        pairs.data[:] = 1
        return pairs

    def warm_up(self) -> None:  # noqa: B027 - most have nothing to compile
        """Do what is needed once per machine and not per run."""

    @abstractmethod
    def train(self) -> None:
        """Learn."""

    @abstractmethod
    def score(self, users: Any) -> Any:
        """Return the items of each user, best first; shape (n, 25), -1 where there is none."""

    def similar(self) -> None:
        """List 25 items similar to each item."""
        raise NotImplementedError


def run(contender: type[Contender], version: str) -> None:
    """Measure one contender in this process."""
    folder, result = map(Path, sys.argv[1:3])
    orders = {name: np.load(folder / f"{name}.npy") for name in ("users", "items", "truth_users", "truth_items")}
    library = contender(orders["users"], orders["items"])
    seconds: dict[str, float | None] = {"warm_up": _timed(library.warm_up)[0], "train": _timed(library.train)[0]}
    asked = np.arange(library.n_users)
    if library.sample and library.sample < library.n_users:
        asked = np.sort(np.random.default_rng(0).permutation(library.n_users)[: library.sample])
    scoring, ranked = _timed(lambda: library.score(asked))
    seconds["score"] = scoring * library.n_users / len(asked)
    try:
        seconds["similar"] = _timed(library.similar)[0]
    except NotImplementedError:
        seconds["similar"] = None
    is_asked = np.isin(orders["truth_users"], asked)
    lists = ranked[np.searchsorted(asked, orders["truth_users"][is_asked])]
    hits = lists == orders["truth_items"][is_asked, None]
    figures = {
        "version": version,
        "seconds": seconds,
        "core": sum(seconds[step] or 0 for step in ("train", "score", "similar")),
        "extrapolated": len(asked) < library.n_users,
        "recall_at_25": round(float(hits.any(axis=1).mean()), 4),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB),
    }
    result.write_text(json.dumps(figures))


def _timed(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
