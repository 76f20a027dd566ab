"""The items of each recommendation id: PutEvents may name a list by its id only."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence

#: Number of lists kept, the latest ones. In memory only: after a restart older ids are unknown.
CAPACITY = 50_000


class Issued:
    """The latest lists by recommendation id. Thread-safe."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lists: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def remember(self, recommendation_id: str, items: Sequence[str]) -> None:
        with self._lock:
            self._lists[recommendation_id] = tuple(items)
            if len(self._lists) > self._capacity:
                self._lists.popitem(last=False)

    def items(self, recommendation_id: str) -> tuple[str, ...]:
        """Return the items of a list; empty if the id is unknown or too old."""
        return self._lists.get(recommendation_id, ())


def new_id() -> uuid.UUID:
    """Create a recommendation id, which is also the seed of everything random in its answer."""
    return uuid.uuid4()


def written(identity: uuid.UUID) -> str:
    """Return the id as on the wire, 40 characters."""
    return f"RID-{identity}"
