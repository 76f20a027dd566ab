"""Which items were given out under which recommendation id: PutEvents may name a list by its id alone."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Sequence

#: Lists remembered, the latest ones. In memory only: after a restart an older id means nothing any more.
CAPACITY = 50_000


class Issued:
    """The latest lists by recommendation id. Safe to call from any thread."""

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
        """The items of a list; none if the id was never given out, or long ago."""
        return self._lists.get(recommendation_id, ())


def new_id() -> uuid.UUID:
    """What a recommendation id is made of, and the seed of everything random in its answer."""
    return uuid.uuid4()


def written(identity: uuid.UUID) -> str:
    """The id as it travels, 40 characters."""
    return f"RID-{identity}"
