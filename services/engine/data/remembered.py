"""Answers of the store, kept until something in it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from services.engine.store import Store

Answer = TypeVar("Answer")


class Remembered:
    """Asks the store once for each key; asking again takes no lock. What it gives is shared: read it only."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[int, dict[Any, Any]] = (-1, {})

    def __call__(self, key: Any, ask: Callable[[], Answer]) -> Answer:
        changes, kept = self._kept
        if changes != self._store.changes:
            # Counted before asking: what changes meanwhile is asked again.
            kept = {}
            self._kept = self._store.changes, kept
        if key not in kept:
            kept[key] = ask()
        found: Answer = kept[key]
        return found
