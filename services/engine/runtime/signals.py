"""Signals of single records since the training: items that a user took, turned down, or ignored.

Negative      an event of one of NEGATIVE_EVENT_TYPES turns its item down: the item leaves the history and is demoted
              strongly, its neighbours less. A later event of another type on the item revokes that.
Impressions   an item that was shown (in the event's impression or the list of its recommendation id), without a later
              event of the user on it, is demoted a little each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from services.engine.data.ids import look_up
from services.engine.data.interactions import EventSelection
from services.engine.data.records import LiveEvent
from services.engine.models.storage import TrainedModel
from services.engine.recipes.histories import Floats, Histories, Ints

#: In lower case: event types are compared without case.
NEGATIVE_EVENT_TYPES = frozenset(
    {
        "dislike", "disliked", "thumbs_down", "thumbsdown", "downvote", "not_interested", "notinterested", "hide",
        "hidden", "block", "blocked", "dismiss", "dismissed",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Signals:
    """Items that a user turned down, and how often each item was shown without a later event."""

    turned_down: frozenset[str] = frozenset()
    passed_over: Mapping[str, int] = field(default_factory=dict)


NO_SIGNALS = Signals()


def signals(
    events: Sequence[LiveEvent],
    interacted: Mapping[str, frozenset[str]],
    shown: Callable[[LiveEvent], Iterable[str]],
) -> Signals:
    """Collect the signals of one user.

    events       the user's single records, oldest first
    interacted   items by event type in lower case, of single records and imports together
    shown        returns the items that were shown with an event
    """
    kinds = NEGATIVE_EVENT_TYPES & interacted.keys()
    refused = dict.fromkeys(chain.from_iterable(interacted[kind] for kind in kinds), True)
    in_vain: Counter[str] = Counter()
    for event in events:
        in_vain.update(shown(event))
        if event.item_id:
            refused[event.item_id] = event.event_type.lower() in NEGATIVE_EVENT_TYPES
            in_vain.pop(event.item_id, None)
    if not refused and not in_vain:
        return NO_SIGNALS
    return Signals(frozenset(item for item, is_so in refused.items() if is_so), in_vain)


def histories(
    trained: TrainedModel,
    user_ids: Sequence[str],
    events: Sequence[Sequence[LiveEvent]],
    selection: EventSelection,
    seen_seq: int = 0,
) -> Histories:
    """Return the users' histories of the training, and their events since then: one query per user.

    events    the single records of each user, oldest first
    seen_seq  the number of the latest record in the training data
    """
    base = trained.queries([*user_ids])
    since = [
        (row, event.item_id, weight, event.timestamp)
        for row, of_user in enumerate(events)
        for event in of_user
        if event.seq > seen_seq and event.item_id and (weight := _weight(event, selection)) is not None
    ]
    if not since:
        return base
    rows, names, weights, times = zip(*since, strict=True)
    items = look_up(trained.interactions.item_ids, names)
    known = items >= 0
    return _joined(
        base,
        np.array(rows)[known],
        items[known],
        np.array(weights, np.float32)[known],
        np.array(times, np.float64).astype(np.int64)[known],
    )


def without(query: Histories, trained: TrainedModel, names: Iterable[str]) -> Histories:
    """Return a query without the events on some items."""
    refused = look_up(trained.interactions.item_ids, [*names])
    return query.keep(~np.isin(query.items, refused))


def _weight(event: LiveEvent, selection: EventSelection) -> float | None:
    """Return the weight of an event for a solution, None if it does not count."""
    if event.event_type.lower() in NEGATIVE_EVENT_TYPES:
        return None
    if selection.event_type is not None and event.event_type != selection.event_type:
        return None
    if selection.min_value is not None and (event.event_value is None or event.event_value < selection.min_value):
        return None
    return selection.weights.get(event.event_type) if selection.weights else 1.0


def _joined(base: Histories, rows: Ints, items: Ints, weights: Floats, times: Ints) -> Histories:
    """Merge further events of some rows into histories, by time; at equal times those of the training come first."""
    rows, times = np.concatenate([base.users, rows]), np.concatenate([base.times, times])
    order = np.lexsort((times, rows))
    rows, times = rows[order], times[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(base)))])
    later = np.zeros(len(rows), np.int32)
    later[1:] = (times[1:] != times[:-1]) & (rows[1:] == rows[:-1])
    running = np.cumsum(later, dtype=np.int32)
    moments = running - running[np.minimum(starts[rows], len(running) - 1)]
    return Histories(
        starts,
        np.concatenate([base.items, items])[order].astype(np.int32),
        moments,
        np.concatenate([base.weights, weights])[order].astype(np.float32),
        times,
    )
