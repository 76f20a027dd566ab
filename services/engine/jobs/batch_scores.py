"""Scores of every item for lines of batch inference: what the model says and, where more is known, what the runtime
says.

The model alone answers whole blocks. Lines of users of whom single records, a segment or a context say more are scored
one by one by the runtime's own function, so that batch and campaign agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from services.engine.data.datasets import Datasets
from services.engine.data.records import LiveEvent
from services.engine.jobs.batch_lines import Block
from services.engine.recipes.histories import Floats, Histories
from services.engine.runtime.assortment import Assortment
from services.engine.runtime.deployments import LoadedVersion
from services.engine.runtime.issued import Issued
from services.engine.runtime.scoring import Asked, score
from services.engine.runtime.signals import NO_SIGNALS, histories, signals

#: Scores held at a time: with their copies, about a quarter of a gigabyte.
HELD_SCORES = 16_000_000


class Questions(NamedTuple):
    """The lines of a block that are not in error, what each asks the model, and those that it cannot answer alone."""

    lines: list[int]
    queries: Histories
    moved: frozenset[int]

    def only(self, lines: Sequence[int]) -> Questions:
        """Some of the lines, in order."""
        wanted = set(lines)
        rows = [row for row, line in enumerate(self.lines) if line in wanted]
        return Questions([*lines], self.queries.take(np.array(rows, np.int64)), self.moved & wanted)


@dataclass(frozen=True)
class Scores:
    """What a loaded version says to lines."""

    loaded: LoadedVersion
    datasets: Datasets

    @cached_property
    def assortment(self) -> Assortment:
        """The items of the model with their present attributes."""
        items = self.datasets.items(self.loaded.group_arn)
        return Assortment.of(self.loaded.trained.interactions, items, with_late=False)

    def questions(self, block: Block) -> Questions:
        """Read the lines as questions to the model."""
        lines = [line for line, error in enumerate(block.errors) if error is None]
        ids, loaded = [block.asked[line] for line in lines], self.loaded
        if not loaded.trained.model.live:
            return Questions(lines, loaded.trained.queries(ids), frozenset())
        events = self.datasets.live_events_of(loaded.group_arn, ids)
        if any(events):
            queries = histories(loaded.trained, ids, events, loaded.selection, loaded.seen_seq)
        else:
            queries = loaded.trained.queries(ids)
        strangers = (queries.lengths == 0).tolist()
        told = zip(lines, ids, events, strangers, strict=True)
        moved = [
            line
            for line, user_id, live, is_stranger in told
            if (live or is_stranger or block.given[line]) and self._says_more(block, line, user_id, live, is_stranger)
        ]
        return Questions(lines, queries, frozenset(moved))

    def of(self, block: Block, questions: Questions) -> Iterator[tuple[int, Floats]]:
        """Each line, in order, and a score per item; -inf for what must not be an answer."""
        n_rows = max(1, HELD_SCORES // max(len(self.assortment), 1))
        for start in range(0, len(questions.lines), n_rows):
            rows = np.arange(start, min(start + n_rows, len(questions.lines)))
            scores = self.loaded.trained.model.scores(questions.queries.take(rows))
            for row, points in zip(rows.tolist(), scores, strict=True):
                line = questions.lines[row]
                yield line, self._as_at_run_time(block, line) if line in questions.moved else points

    def _says_more(self, block: Block, line: int, user_id: str, events: Sequence[LiveEvent], is_stranger: bool) -> bool:
        """Whether more is known for a line than a history."""
        loaded, context = self.loaded, block.context(line)
        if is_stranger and loaded.segment_lift(user_id) is not None:
            return True
        if context and loaded.context_lift(context) is not None:
            return True
        if not events:
            return False
        interacted = self.datasets.interacted(loaded.group_arn, user_id)
        return signals(events, interacted, lambda event: event.impression) != NO_SIGNALS

    def _as_at_run_time(self, block: Block, line: int) -> Floats:
        asked = Asked(user_id=block.asked[line], context=block.context(line))
        return score(self.loaded, self.assortment, asked, self.datasets, Issued()).scores
