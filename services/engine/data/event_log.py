"""The events of a group by user and time, as training, filters and reports read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from services.engine.data.ids import Ids, decoded, encode, look_up, stable_order, united
from services.engine.recipes.histories import Floats, Ints

#: Number of a user's latest events of each type that a filter sees. Source: developer guide, "Quotas".
EVENTS_IN_FILTERS = 100
ANY_TYPE = "*"

_TEXTS = ["USER_ID", "ITEM_ID", "EVENT_TYPE"]
_COLUMNS = {*_TEXTS, "TIMESTAMP", "EVENT_VALUE"}


@dataclass(frozen=True)
class EventLog:
    """Distinct events of n users, oldest first within each user; events of one time keep their order of arrival.

    Shapes   starts (n + 1,): user u has events starts[u]:starts[u + 1]; items, types, times, values (n_events,)
    types    places in `type_names`; a missing type is ""
    times    epoch seconds
    values   EVENT_VALUE, NaN for null; None if the schema has no such column
    """

    user_ids: Ids
    item_ids: Ids
    type_names: tuple[str, ...]
    starts: Ints
    items: Ints
    types: Ints
    times: Ints
    values: Floats | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def users(self) -> Ints:
        """The user of each event, shape (n_events,)."""
        return np.repeat(np.arange(len(self.user_ids), dtype=np.int32), np.diff(self.starts))

    @classmethod
    def sort(cls, events: Events) -> EventLog:
        """Build the log of events in any order."""
        ordered = events.take(_by_user_and_time(events.users, events.times))
        repeated = _repeated(ordered)
        if len(repeated):
            ordered = ordered.take(np.delete(np.arange(len(ordered.users)), repeated))
        starts = np.concatenate([[0], np.cumsum(np.bincount(ordered.users, minlength=len(events.user_ids)))])
        return cls(
            events.user_ids, events.item_ids, events.type_names,
            starts, ordered.items, ordered.types, ordered.times, ordered.values,
        )  # fmt: skip

    @classmethod
    def read(cls, parts: Sequence[Path]) -> EventLog:
        """Read the log of a dataset's parts; without parts it is empty."""
        return cls.sort(Events.read(parts)) if parts else cls.sort(Events.none())

    def with_events(self, rows: Sequence[Mapping[str, Any]]) -> EventLog:
        """Return a log with further events, each a mapping by column name."""
        return EventLog.sort(Events.of_log(self).concat(Events.of_rows(rows))) if rows else self

    def latest(self, user_id: str) -> list[tuple[int, str, str]]:
        """Return time, event type in lower case and item of the events that a filter sees of a user, oldest first."""
        place = int(look_up(self.user_ids, [user_id])[0])
        if place < 0:
            return []
        events = np.arange(self.starts[place], self.starts[place + 1])
        types = self._lower_types[self.types[events]]
        if len(events) > EVENTS_IN_FILTERS:
            kept = [events[types == event_type][-EVENTS_IN_FILTERS:] for event_type in np.unique(types)]
            events = np.sort(np.concatenate(kept))
            types = self._lower_types[self.types[events]]
        names = [self._lower_names[event_type] for event_type in types.tolist()]
        items = decoded(self.item_ids[self.items[events]])
        return [*zip(self.times[events].tolist(), names, items, strict=True)]

    def users_with(self, event_type: str) -> Ids:
        """Return the sorted ids of the users with an event of a type in lower case, or of any type for "*"."""
        if event_type == ANY_TYPE:
            return self.user_ids[np.diff(self.starts) > 0]
        if event_type not in self._lower_names:
            return self.user_ids[:0]
        of_type = self._lower_types[self.types] == self._lower_names.index(event_type)
        # Differences of a running count, because some slices are empty.
        running = np.concatenate([[0], np.cumsum(of_type)])
        return self.user_ids[np.diff(running[self.starts]) > 0]

    @cached_property
    def _lower_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.lower() for name in self.type_names))

    @cached_property
    def _lower_types(self) -> Ints:
        """Place of each type among the names in lower case."""
        return np.array([self._lower_names.index(name.lower()) for name in self.type_names], np.int32)


@dataclass(frozen=True)
class Events:
    """Events in any order; columns as in `EventLog`, with the user of each."""

    user_ids: Ids
    item_ids: Ids
    type_names: tuple[str, ...]
    users: Ints
    items: Ints
    types: Ints
    times: Ints
    values: Floats | None = None

    @classmethod
    def none(cls) -> Events:
        ids, nothing = np.empty(0, np.bytes_), np.empty(0, np.int32)
        return cls(ids, ids, ("",), nothing, nothing, nothing, nothing.astype(np.int64))

    @classmethod
    def of_log(cls, log: EventLog) -> Events:
        return cls(
            log.user_ids, log.item_ids, log.type_names, log.users, log.items, log.types, log.times, log.values
        )  # fmt: skip

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> Events:
        columns = {name: [row.get(name) for row in rows] for name in [*_TEXTS, "TIMESTAMP"]}
        columns["EVENT_VALUE"] = [row.get("EVENT_VALUE") for row in rows]
        types = {"TIMESTAMP": pa.int64(), "EVENT_VALUE": pa.float32()}
        return cls.of_table(
            pa.table({name: pa.array(cells, types.get(name, pa.string())) for name, cells in columns.items()})
        )

    @classmethod
    def read(cls, parts: Sequence[Path]) -> Events:
        tables = []
        for part in parts:
            columns = [name for name in pq.read_schema(part).names if name in _COLUMNS]
            tables.append(pq.read_table(part, columns=columns, read_dictionary=_TEXTS))
        return cls.of_table(pa.concat_tables(tables, promote_options="default"))

    @classmethod
    def of_table(cls, table: Any) -> Events:
        """Read the events from an Arrow table of the dataset's columns."""
        user_ids, users = encode(table["USER_ID"])
        item_ids, items = encode(table["ITEM_ID"])
        type_names, types = _types(table)
        values = None
        if "EVENT_VALUE" in table.column_names:
            values = table["EVENT_VALUE"].to_numpy().astype(np.float32, copy=False)
        return cls(user_ids, item_ids, type_names, users, items, types, table["TIMESTAMP"].to_numpy(), values)

    def take(self, order: Ints) -> Events:
        values = None if self.values is None else self.values[order]
        return Events(
            self.user_ids, self.item_ids, self.type_names,
            self.users[order], self.items[order], self.types[order], self.times[order], values,
        )  # fmt: skip

    def concat(self, other: Events) -> Events:
        """Return these events and then the other ones."""
        user_ids, (mine, others) = united(self.user_ids, other.user_ids)
        item_ids, (my_items, other_items) = united(self.item_ids, other.item_ids)
        type_names = (*self.type_names, *(name for name in other.type_names if name not in self.type_names))
        other_types = np.array([type_names.index(name) for name in other.type_names], np.int32)
        return Events(
            user_ids, item_ids, type_names,
            np.concatenate([mine[self.users], others[other.users]]),
            np.concatenate([my_items[self.items], other_items[other.items]]),
            np.concatenate([self.types, other_types[other.types].astype(self.types.dtype)]),
            np.concatenate([self.times, other.times]),
            np.concatenate([self._values, other._values]),
        )  # fmt: skip

    @property
    def _values(self) -> Floats:
        return np.full(len(self.users), np.nan, np.float32) if self.values is None else self.values


def _types(table: Any) -> tuple[tuple[str, ...], Ints]:
    if "EVENT_TYPE" not in table.column_names:
        return ("",), np.zeros(len(table), np.int32)
    cells = table["EVENT_TYPE"]
    if cells.null_count:
        cells = pc.fill_null(pc.cast(cells, "string"), "")
    names, codes = encode(cells)
    return tuple(decoded(names)), codes


def same_moment(users: Ints, times: Ints) -> npt.NDArray[np.bool_]:
    """Return whether each event has the same user and time as the one before it."""
    same = np.zeros(len(users), bool)
    same[1:] = (times[1:] == times[:-1]) & (users[1:] == users[:-1])
    return same


def _by_user_and_time(users: Ints, times: Ints) -> Ints:
    """Return the order of events by user, then time, then place."""
    if (times[1:] >= times[:-1]).all():
        return stable_order(users)
    by_time = stable_order(times)
    return by_time[stable_order(users[by_time])]


def _repeated(events: Events) -> Ints:
    """Return the places of events that equal an earlier one in every column; events are in order of user and time.

    Each event of a moment becomes one number. Few numbers occur twice, and only their events are compared in full.
    """
    same = same_moment(events.users, events.times)
    tied = np.flatnonzero(same | np.append(same[1:], False))
    moments = np.cumsum(~same[tied])
    numbers = (moments * len(events.item_ids) + events.items[tied]) * len(events.type_names) + events.types[tied]
    ordered = np.sort(numbers)
    doubled = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(doubled):
        return tied[:0]
    suspects = np.flatnonzero(doubled[np.minimum(np.searchsorted(doubled, numbers), len(doubled) - 1)] == numbers)
    numbers, places = numbers[suspects], tied[suspects]
    values = np.zeros(len(places)) if events.values is None else events.values[places]
    order = np.lexsort((values, numbers))
    equal = (numbers[order[1:]] == numbers[order[:-1]]) & (
        (values[order[1:]] == values[order[:-1]]) | (np.isnan(values[order[1:]]) & np.isnan(values[order[:-1]]))
    )
    return np.asarray(places[order[1:][equal]])


def latest_items(events: Iterable[tuple[int, str, str]]) -> dict[str, frozenset[str]]:
    """Return the items of the latest events of each type that a filter sees, by event type, and of all types by "*"."""
    by_type: dict[str, list[str]] = {}
    for _, event_type, item in sorted(events, key=lambda event: event[0]):
        by_type.setdefault(event_type, []).append(item)
    latest = {event_type: frozenset(items[-EVENTS_IN_FILTERS:]) for event_type, items in by_type.items()}
    return latest and latest | {ANY_TYPE: frozenset().union(*latest.values())}
