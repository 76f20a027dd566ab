"""What users do, by type: its weight, and the type under which Personalize is told of it. One TOML file."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import msgspec

from aisle.contracts.personalize import PURCHASE
from aisle.errors import ConfigurationError
from personalize_kinds.limits import MAX_EVENT_TYPES

#: The table that comes with Aisle.
EVENT_TYPES = Path(__file__).with_name("event_types.toml")


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


class EventType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a user may do to an item, or a list of items that a user was shown."""

    weight: float | None = None
    exported_as: str | None = None
    impression: bool = False

    @property
    def is_negative(self) -> bool:
        """Whether it says that the user does not want the item: it is never exported."""
        return self.weight is not None and self.weight < 0


class EventTypes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All types that are kept, and the version of their weights."""

    version: str
    types: Mapping[str, EventType]

    def get(self, name: str) -> EventType | None:
        """Return a type by its name; None if events of this name say nothing about items."""
        return self.types.get(name)

    @property
    def exported(self) -> dict[str, str]:
        """The types of which Personalize is told, each with the type that it is told."""
        return {name: kind.exported_as for name, kind in self.types.items() if kind.exported_as is not None}

    def interactions_as(self, exported: Collection[str]) -> dict[str, str]:
        """Return the types that are exported as one of these, each with that one; impressions and purchases aside.

        Raises ValueError if nothing is exported as one of them.
        """
        known = {
            name: kind.exported_as
            for name, kind in self.types.items()
            if kind.exported_as is not None and kind.exported_as != PURCHASE and not kind.impression
        }
        if unknown := sorted(set(exported) - set(known.values())):
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(sorted(set(known.values())))}")
        return {name: exported_as for name, exported_as in known.items() if exported_as in exported}


@cache
def read_event_types(path: Path = EVENT_TYPES) -> EventTypes:
    """Read a table of event types. Raises ConfigurationError that names the file and what is wrong with it."""
    try:
        table = msgspec.convert(tomllib.loads(path.read_text()), EventTypes)
        _check(table)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"reading the event types of {path}: {error}; correct the file, or name another one"
        ) from error
    return table


def _check(table: EventTypes) -> None:
    """Raise ValueError if the table says what cannot hold."""
    if not table.version.strip():
        raise ValueError("version is empty")
    for name, kind in table.types.items():
        if kind.weight is not None and not math.isfinite(kind.weight):
            raise ValueError(f"types.{name}: weight is {kind.weight}, not a finite number")
        if kind.is_negative and kind.exported_as is not None:
            raise ValueError(f"types.{name}: weighs below 0, so it cannot be exported as {kind.exported_as!r}")
        if kind.impression and kind.exported_as is not None:
            raise ValueError(f"types.{name}: an impression goes with what a user does next, and is not exported itself")
        if kind.exported_as is not None and not _WORD.fullmatch(kind.exported_as):
            raise ValueError(f"types.{name}: exported_as {kind.exported_as!r} is not one word of at most 64 letters")
    if (n_exported := len(set(table.exported.values()))) > MAX_EVENT_TYPES:
        raise ValueError(f"{n_exported} exported types; Personalize takes {MAX_EVENT_TYPES}")
