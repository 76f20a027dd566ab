"""Which dataset group a page shows: one at a time, chosen by `?group=`; the first where nothing is said."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException

from aisle.groups.dataset_group import DatasetGroup, dataset_groups


@dataclass(frozen=True, slots=True)
class Choice:
    """The group that is shown, and the names of all that could be."""

    shown: DatasetGroup
    names: tuple[str, ...]


def choose(name: str | None) -> Choice:
    """Return the group of that name, or the first if none is given. Raises a 404 for an unknown name."""
    groups = {group.name: group for group in dataset_groups()}
    if name is not None and name not in groups:
        raise HTTPException(404, f"there is no dataset group {name}; the environment's file has {', '.join(groups)}")
    return Choice(groups[name] if name else next(iter(groups.values())), tuple(groups))


def owner_of(key: str) -> str:
    """Return the group that a name in the warehouse's own tables belongs to: its prefix, or the first group."""
    group, slash, _ = key.partition("/")
    return group if slash else dataset_groups()[0].name
