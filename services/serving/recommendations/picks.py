"""What merchandisers pick: items pinned to a place of every user's list, and items that are boosted in it.

The file is TOML:

    [[pin]]
    item_id = "22423"
    place = 1                   # from 1; of two pins of one place the second comes right after
    until = 2026-12-24T00:00:00Z  # optional, as is `since`
    group = "shop"              # optional: only in answers of this dataset group

    [[boost]]
    item_id = "85123A"
    weight = 0.2                # added to the item's relative score, at most 1
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import structlog

from aisle.contracts.limits import LONGEST_ID
from services.serving.recommendations.blending import Term

log = structlog.get_logger(__name__)

Pick = Literal["pinned", "boosted"]
ItemId = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
#: How long it may take until a change of the file is seen.
_LOOK_SECONDS = 1.0


class _Scheduled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pick, and when and where it counts."""

    item_id: ItemId
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    group: str | None = None

    def counts(self, moment: datetime, group: str | None) -> bool:
        """Whether it counts at a moment, in the answers of a dataset group; None: of no group in particular."""
        begun = self.since is None or self.since <= moment
        ended = self.until is not None and self.until <= moment
        return begun and not ended and self.group in (None, group)


class Pin(_Scheduled, frozen=True, kw_only=True):
    """An item with a place of its own, counted from 1."""

    place: Annotated[int, msgspec.Meta(ge=1, le=500)]


class Boost(_Scheduled, frozen=True, kw_only=True):
    """An item whose relative score grows."""

    weight: Annotated[float, msgspec.Meta(gt=0, le=1)]


class Picks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All picks of a file."""

    pin: tuple[Pin, ...] = ()
    boost: tuple[Boost, ...] = ()

    def now(self, group: str | None) -> Picks:
        """Return those that count now, pins by their places."""
        moment = datetime.now(UTC)
        pins = sorted((pin for pin in self.pin if pin.counts(moment, group)), key=lambda pin: pin.place)
        return Picks(pin=tuple(pins), boost=tuple(boost for boost in self.boost if boost.counts(moment, group)))

    def boosts_of(self, item_ids: Sequence[str]) -> Term:
        """Return the boosts of these items as a term of a blend; an item that is not there does not come in."""
        boosts = {boost.item_id: boost.weight for boost in self.boost}
        return Term(1.0, {item_id: boosts[item_id] for item_id in item_ids if item_id in boosts})


_NONE = Picks()


def read_picks(path: Path) -> Picks:
    """Read a file of picks. Raises ValueError that names the file, the place in it and what is wrong."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text()), Picks)
    except (OSError, ValueError) as error:
        raise ValueError(f"reading the picks of {path}: {error}; correct the file, or unset its setting") from error


class PicksFile:
    """A file of picks that may change while it is used. A change that cannot be read is logged and the last kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._looked_at = 0.0
        self._picks = _NONE
        if path is not None:
            self._picks, self._stamp = read_picks(path), _stamp(path)

    def now(self, group: str | None) -> Picks:
        """Return the picks that count now."""
        if self._path is None:
            return _NONE
        if time.monotonic() - self._looked_at > _LOOK_SECONDS:
            self._looked_at = time.monotonic()
            self._read_if_changed(self._path)
        return self._picks.now(group)

    def _read_if_changed(self, path: Path) -> None:
        try:
            stamp = _stamp(path)
            if stamp != self._stamp:
                self._stamp, self._picks = stamp, read_picks(path)
        except (OSError, ValueError) as error:
            log.error("picks not read, the last ones stay", reason=str(error))


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
