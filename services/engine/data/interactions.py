"""The interactions that a solution trains on: the selected events as histories of item numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from personalize_kinds.limits import MIN_INTERACTIONS, MIN_USERS_WITH_TWO_INTERACTIONS
from services.engine.data.event_log import EventLog, same_moment
from services.engine.data.ids import Ids, united
from services.engine.errors import JobFailed
from services.engine.recipes.histories import Histories, Ints

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EventSelection:
    """The events that a solution trains on, and the weight of each type."""

    event_type: str | None = None
    min_value: float | None = None
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, solution: dict[str, Any]) -> EventSelection:
        """Read a solution's `eventType`, `eventValueThreshold` and `eventsConfig`."""
        config = solution.get("solutionConfig", {})
        listed = config.get("eventsConfig", {}).get("eventParametersList", ())
        threshold = config.get("eventValueThreshold")
        return cls(
            solution.get("eventType"),
            float(threshold) if threshold is not None else None,
            {entry["eventType"]: float(entry.get("weight", 1)) for entry in listed if "eventType" in entry},
        )

    def mask(self, log: EventLog) -> Mask | None:
        """Return which events of a log are selected, shape (n_events,); None if all are."""
        selected: Mask | None = None
        typed = log.type_names != ("",)
        if typed and (self.event_type is not None or self.weights):
            selected = np.array([self._takes(name) for name in log.type_names])[log.types]
        if self.min_value is not None and log.values is not None:
            high_enough = log.values >= np.float32(self.min_value)
            selected = high_enough if selected is None else selected & high_enough
        return selected

    def _takes(self, event_type: str) -> bool:
        return self.event_type in (None, event_type) and (not self.weights or event_type in self.weights)


@dataclass(frozen=True)
class Interactions:
    """Histories and the ids that they number: user u of the histories is `user_ids[u]`. The ids are sorted."""

    user_ids: Ids
    item_ids: Ids
    histories: Histories


def load_interactions(parts: Sequence[Path], selection: EventSelection, catalogue: Ids | None = None) -> Interactions:
    """Read the selected interactions of a dataset's parquet parts."""
    return interactions_of(EventLog.read(parts), selection, catalogue)


def interactions_of(log: EventLog, selection: EventSelection, catalogue: Ids | None = None) -> Interactions:
    """Return the selected interactions of a log.

    The items are those of the interactions and of `catalogue`, so that an item may have no events.
    """
    kept = selection.mask(log)
    users, items = log.users, log.items
    types, times = log.types, log.times
    if kept is not None:
        users, items, types, times = users[kept], items[kept], types[kept], times[kept]
    user_ids, users = _used(log.user_ids, users)
    item_ids, items = _used(log.item_ids, items)
    if catalogue is not None:
        item_ids, (places, _) = united(item_ids, catalogue)
        items = places[items]
    weights = np.array([selection.weights.get(name, 1.0) for name in log.type_names], np.float32)[types]
    starts = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=len(user_ids)))])
    return Interactions(user_ids, item_ids, Histories(starts, items, _moments(users, times), weights, times))


def check_minimums(histories: Histories, selection: EventSelection) -> None:
    """Raise JobFailed, in the service's words, if there is too little data to train on."""
    if len(histories.items) < MIN_INTERACTIONS:
        filtered = f" after filtering by event type: {selection.event_type}" if selection.event_type else ""
        raise JobFailed(f"Create failed. Dataset has fewer than {MIN_INTERACTIONS} interactions{filtered}.")
    if int((histories.lengths >= 2).sum()) < MIN_USERS_WITH_TWO_INTERACTIONS:
        n_users = MIN_USERS_WITH_TWO_INTERACTIONS
        raise JobFailed(f"Create failed. Dataset has fewer than {n_users} users with at least 2 interactions each.")


def _used(ids: Ids, codes: Ints) -> tuple[Ids, Ints]:
    """Return the ids that occur in `codes`, and the codes as places among these."""
    occurs = np.bincount(codes, minlength=len(ids)) > 0
    if occurs.all():
        return ids, codes
    return ids[occurs], (np.cumsum(occurs, dtype=np.int32) - 1)[codes]


def _moments(users: Ints, times: Ints) -> Ints:
    """Number each user's distinct times from 0, and return the number of each event; events are by user and time."""
    if not len(users):
        return np.empty(0, np.int32)
    running = np.cumsum(~same_moment(users, times), dtype=np.int32)
    firsts = np.flatnonzero(np.append(True, users[1:] != users[:-1]))
    return running - np.repeat(running[firsts], np.diff(np.append(firsts, len(users))))
