"""Lifts: how much more often a segment of users, or a context such as a device, takes items than all users do.

Segment   the users with the same categorical values, for a user without a history
Context   the events with the same value in a column of the Interactions dataset
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from services.engine.data.attributes import Attributes, Texts
from services.engine.data.ids import look_up
from services.engine.data.interactions import Interactions
from services.engine.recipes.histories import Floats
from services.engine.recipes.ranking import lift

#: Number of events of all users that are mixed into those of a group: few events have little effect.
CAUTION = 200.0
#: Number of values of a context column, the most frequent ones, that have a lift.
MAX_VALUES = 100
#: Columns of interactions that are not a context.
NO_CONTEXT = frozenset(
    {"USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID", "EVENT_ID"}
)


def segment_lift(interactions: Interactions, users: Attributes, values: Mapping[str, str]) -> Floats:
    """Return the lift of the users with these values in these columns; shape (n_items,).

    users   aligned with `interactions.user_ids`
    """
    members = np.flatnonzero(_members(users, values))
    taken = interactions.histories.take(members).items
    n_items = len(interactions.item_ids)
    of_all = np.bincount(interactions.histories.items, minlength=n_items)
    return lift(np.bincount(taken, minlength=n_items), of_all, CAUTION)


def context_lifts(interactions: Interactions, table: Any, column: str) -> dict[str, Floats]:
    """Return the lift of each frequent value of a column of an Interactions table, by value; shapes (n_items,)."""
    if column in NO_CONTEXT or column not in table.column_names:
        return {}
    cells = pc.fill_null(pc.cast(table[column], pa.string()), "").combine_chunks().dictionary_encode()
    names = pc.cast(table["ITEM_ID"], pa.string()).combine_chunks().dictionary_encode()
    places = look_up(interactions.item_ids, names.dictionary.to_pylist())
    items, codes = places[names.indices.to_numpy()], cells.indices.to_numpy()
    n_items = len(interactions.item_ids)
    of_all = np.bincount(items[items >= 0], minlength=n_items)
    frequent = np.argsort(-np.bincount(codes), kind="stable")[:MAX_VALUES]
    return {
        cells.dictionary[code].as_py(): lift(
            np.bincount(items[(codes == code) & (items >= 0)], minlength=n_items), of_all, CAUTION
        )
        for code in frequent.tolist()
    }


def _members(users: Attributes, values: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    members = np.ones(len(users.ids), bool)
    for name, value in values.items():
        column = users.columns[name]
        if isinstance(column, Texts):
            members &= np.array([*(cell == value for cell in column.cells), False])[column.codes]
    return members
