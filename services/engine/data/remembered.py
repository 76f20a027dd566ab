"""Values read from the store, cached until the store changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from services.engine.store import Store

Value = TypeVar("Value")


class Remembered:
    """A cache of values read from the store. A hit takes no lock. Values are shared: do not change them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: tuple[int, dict[Any, Any]] = (-1, {})

    def __call__(self, key: Any, read: Callable[[], Value]) -> Value:
        changes, kept = self._kept
        if changes != self._store.changes:
            # Read the count first: what changes in between is read again next time.
            kept = {}
            self._kept = self._store.changes, kept
        if key not in kept:
            kept[key] = read()
        value: Value = kept[key]
        return value
