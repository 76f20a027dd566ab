"""Interactions as imported, turned into what recipes take: sorted ids, and histories of item numbers.

Reads the parquet parts of an Interactions dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.engine.errors import JobFailed
from services.engine.recipes.histories import Histories, Ints

MIN_INTERACTIONS = 1_000
MIN_USERS_WITH_TWO = 25

Ids = npt.NDArray[np.bytes_]


@dataclass(frozen=True)
class EventSelection:
    """Which events a solution trains on, and how much each type counts."""

    event_type: str | None = None
    min_value: float | None = None
    weights: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, solution: dict[str, Any]) -> EventSelection:
        """What a solution's `eventType`, `eventValueThreshold` and `eventsConfig` ask for."""
        config = solution.get("solutionConfig", {})
        listed = config.get("eventsConfig", {}).get("eventParametersList", ())
        threshold = config.get("eventValueThreshold")
        return cls(
            solution.get("eventType"),
            float(threshold) if threshold is not None else None,
            {one["eventType"]: float(one.get("weight", 1)) for one in listed if "eventType" in one},
        )


@dataclass(frozen=True)
class Interactions:
    """Sorted ids, and the histories that number them: user u of the histories is `user_ids[u]`."""

    user_ids: Ids
    item_ids: Ids
    histories: Histories


def load_interactions(parts: Sequence[Path], selection: EventSelection, catalogue: Ids | None = None) -> Interactions:
    """All selected interactions of a dataset; exact repetitions count once, ties in time keep file order.

    The items are those of the interactions and of `catalogue` together, so an item may have no event at all.
    """
    table = _selected(_read(parts), selection)
    user_ids, users = encode(table["USER_ID"])
    item_ids, items = encode(table["ITEM_ID"])
    if catalogue is not None:
        everything = np.union1d(item_ids, catalogue)
        items = np.searchsorted(everything, item_ids).astype(np.int32)[items]
        item_ids = everything
    type_names, types = _event_types(table)
    times = table["TIMESTAMP"].to_numpy()
    weights = np.array([selection.weights.get(name, 1.0) for name in type_names], np.float32)[types]
    first = _first_occurrences(users, times, items.astype(np.int64) * len(type_names) + types)
    order = first[np.lexsort((times[first], users[first]))]
    starts = np.concatenate([[0], np.cumsum(np.bincount(users[order], minlength=len(user_ids)))])
    moments = _moments(users[order], times[order], starts)
    histories = Histories(starts, items[order], moments, weights[order], times[order])
    return Interactions(user_ids, item_ids, histories)


def check_minimums(histories: Histories, selection: EventSelection) -> None:
    """Refuse what the service would refuse to train on, in its words."""
    if len(histories.items) < MIN_INTERACTIONS:
        filtered = f" after filtering by event type: {selection.event_type}" if selection.event_type else ""
        raise JobFailed(f"Create failed. Dataset has fewer than {MIN_INTERACTIONS} interactions{filtered}.")
    if int((histories.lengths >= 2).sum()) < MIN_USERS_WITH_TWO:
        raise JobFailed(
            f"Create failed. Dataset has fewer than {MIN_USERS_WITH_TWO} users with at least 2 interactions each."
        )


def encode(column: Any) -> tuple[Ids, Ints]:
    """The distinct values of a text column as sorted UTF-8, and each row's place among them (int32)."""
    encoded = column.combine_chunks()
    encoded = encoded if hasattr(encoded, "indices") else encoded.dictionary_encode()
    values = np.array([value.encode() for value in encoded.dictionary.to_pylist()], dtype=np.bytes_)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    used, codes = np.unique(codes, return_inverse=True)
    order = np.argsort(values[used])
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return values[used][order], places[codes]


def look_up(ids: Ids, wanted: Sequence[str]) -> Ints:
    """Places of ids among sorted `ids`, -1 where there is none."""
    keys = np.array([key.encode() for key in wanted], dtype=np.bytes_)
    if not len(ids) or not len(keys):
        return np.full(len(keys), -1)
    places = np.minimum(np.searchsorted(ids, keys), len(ids) - 1)
    return np.where(ids[places] == keys, places, -1)


def _read(parts: Sequence[Path]) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ["USER_ID", "ITEM_ID", "EVENT_TYPE"]
    wanted = {*texts, "TIMESTAMP", "EVENT_VALUE"}
    tables = []
    for part in parts:
        columns = [name for name in pq.read_schema(part).names if name in wanted]
        tables.append(pq.read_table(part, columns=columns, read_dictionary=texts))
    return pa.concat_tables(tables).unify_dictionaries()


def _selected(table: Any, selection: EventSelection) -> Any:
    import pyarrow.compute as pc

    if selection.event_type is not None and "EVENT_TYPE" in table.column_names:
        table = table.filter(pc.equal(pc.cast(table["EVENT_TYPE"], "string"), selection.event_type))
    if selection.min_value is not None and "EVENT_VALUE" in table.column_names:
        table = table.filter(pc.greater_equal(table["EVENT_VALUE"], selection.min_value))
    if selection.weights and "EVENT_TYPE" in table.column_names:
        import pyarrow as pa

        table = table.filter(pc.is_in(pc.cast(table["EVENT_TYPE"], "string"), value_set=pa.array([*selection.weights])))
    return table


def _event_types(table: Any) -> tuple[list[str], Ints]:
    if "EVENT_TYPE" not in table.column_names:
        return [""], np.zeros(len(table), np.int32)
    import pyarrow.compute as pc

    names, codes = encode(pc.fill_null(pc.cast(table["EVENT_TYPE"], "string"), ""))
    return [name.decode() for name in names.tolist()], codes


def _first_occurrences(users: Ints, times: Ints, events: Ints) -> Ints:
    """Rows, ascending, of the first of each (user, time, event)."""
    order = np.lexsort((events, times, users))
    repeated = np.zeros(len(order), bool)
    repeated[1:] = True
    for column in (users, times, events):
        ordered = column[order]
        repeated[1:] &= ordered[1:] == ordered[:-1]
    return np.sort(order[~repeated])


def _moments(users: Ints, times: Ints, starts: Ints) -> Ints:
    """Number of each event's distinct time within its user; events are sorted by user and time."""
    later = np.zeros(len(times), np.int32)
    later[1:] = (times[1:] != times[:-1]) & (users[1:] == users[:-1])
    running = np.cumsum(later, dtype=np.int32)
    return running - running[starts[users]]
