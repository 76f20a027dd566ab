"""Which dataset groups are looked into for a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from services.serving.errors import GroupUnknown

T = TypeVar("T")


def chosen(groups: Mapping[str, T], group: str | None) -> Sequence[T]:
    """What is looked into: all groups in their order, or one. Raises GroupUnknown if there is none of that name."""
    if group is None:
        return list(groups.values())
    if group not in groups:
        raise GroupUnknown(
            f"no lists are published for a dataset group {group!r}; there are for {', '.join(groups) or 'none yet'}"
        )
    return [groups[group]]
