"""What every contender does: learn, recommend 25 items to every user, and list 25 items like each item.

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
    """One library's way. `users` and `items` number the lines; both start at 0."""

    #: Users to recommend to where all of them would take too long; the time is then scaled up.
    sample: int | None = None

    def __init__(self, users: Any, items: Any) -> None:
        self.users, self.items = users, items
        self.n_users, self.n_items = int(users.max()) + 1, int(items.max()) + 1

    @property
    def pairs(self) -> Any:
        """1 for each pair of user and item; csr, float32."""
        ones = np.ones(len(self.users), np.float32)
        found = sp.csr_matrix((ones, (self.users, self.items)), shape=(self.n_users, self.n_items))
        found.data[:] = 1
        return found

    def warm_up(self) -> None:  # noqa: B027 - most have nothing to compile
        """What is done once per machine and not per run."""

    @abstractmethod
    def train(self) -> None:
        """Learn."""

    @abstractmethod
    def score(self, users: Any) -> Any:
        """The items of each user, best first; shape (n, 25), -1 for none."""

    def similar(self) -> None:
        """25 items like each item."""
        raise NotImplementedError


def run(contender: type[Contender], version: str) -> None:
    """Measure one contender in this process."""
    folder, result = map(Path, sys.argv[1:3])
    lines = {name: np.load(folder / f"{name}.npy") for name in ("users", "items", "truth_users", "truth_items")}
    one = contender(lines["users"], lines["items"])
    seconds: dict[str, float | None] = {"warm_up": _timed(one.warm_up)[0], "train": _timed(one.train)[0]}
    asked = np.arange(one.n_users)
    if one.sample and one.sample < one.n_users:
        asked = np.sort(np.random.default_rng(0).permutation(one.n_users)[: one.sample])
    scoring, ranked = _timed(lambda: one.score(asked))
    seconds["score"] = scoring * one.n_users / len(asked)
    try:
        seconds["similar"] = _timed(one.similar)[0]
    except NotImplementedError:
        seconds["similar"] = None
    told = np.isin(lines["truth_users"], asked)
    found = ranked[np.searchsorted(asked, lines["truth_users"][told])] == lines["truth_items"][told, None]
    figures = {
        "version": version,
        "seconds": seconds,
        "core": sum(seconds[step] or 0 for step in ("train", "score", "similar")),
        "extrapolated": len(asked) < one.n_users,
        "recall_at_25": round(float(found.any(axis=1).mean()), 4),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB),
    }
    result.write_text(json.dumps(figures))


def _timed(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result
