"""Scores of all items for lines of batch inference, from the model or, where more is known, from the runtime.

The model scores whole blocks. Where single records, a segment or a context change a line's scores, the function of the
runtime scores that line, so that batch and campaign agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

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

#: Number of scores in memory at a time: with their copies, about 256 MB.
HELD_SCORES = 16_000_000


@dataclass(frozen=True, slots=True)
class Questions:
    """The lines of a block that are not in error, their queries, and the lines that the runtime has to score."""

    lines: list[int]
    queries: Histories
    adjusted: frozenset[int]

    def only(self, lines: Sequence[int]) -> Questions:
        """Return some of the lines, in order."""
        chosen = set(lines)
        rows = [row for row, line in enumerate(self.lines) if line in chosen]
        return Questions([*lines], self.queries.take(np.array(rows, np.int64)), self.adjusted & chosen)


@dataclass(frozen=True)
class Scores:
    """The scores that a loaded version gives for lines."""

    loaded: LoadedVersion
    datasets: Datasets

    @cached_property
    def assortment(self) -> Assortment:
        """The items of the model with their current attributes."""
        items = self.datasets.items(self.loaded.group_arn)
        return Assortment.of(self.loaded.trained.interactions, items, with_late=False)

    def questions(self, block: Block) -> Questions:
        """Turn the lines into questions to the model."""
        lines = [line for line, error in enumerate(block.errors) if error is None]
        ids, loaded = [block.asked[line] for line in lines], self.loaded
        if not loaded.trained.model.live:
            return Questions(lines, loaded.trained.queries(ids), frozenset())
        events = self.datasets.live_events_of(loaded.group_arn, ids)
        if any(events):
            queries = histories(loaded.trained, ids, events, loaded.selection, loaded.seen_seq)
        else:
            queries = loaded.trained.queries(ids)
        are_new = (queries.lengths == 0).tolist()
        adjusted = [
            line
            for line, user_id, live, is_new in zip(lines, ids, events, are_new, strict=True)
            if (live or is_new or block.given[line]) and self._is_adjusted(block, line, user_id, live, is_new)
        ]
        return Questions(lines, queries, frozenset(adjusted))

    def of(self, block: Block, questions: Questions) -> Iterator[tuple[int, Floats]]:
        """Yield each line, in order, and a score per item; -inf for items that must not be an answer."""
        n_rows = max(1, HELD_SCORES // max(len(self.assortment), 1))
        for start in range(0, len(questions.lines), n_rows):
            rows = np.arange(start, min(start + n_rows, len(questions.lines)))
            scores = self.loaded.trained.model.scores(questions.queries.take(rows))
            for row, points in zip(rows.tolist(), scores, strict=True):
                line = questions.lines[row]
                if line in questions.adjusted:
                    asked = Asked(user_id=block.asked[line], context=block.context(line))
                    points = score(self.loaded, self.assortment, asked, self.datasets, Issued()).scores
                yield line, points

    def _is_adjusted(self, block: Block, line: int, user_id: str, events: Sequence[LiveEvent], is_new: bool) -> bool:
        """Return whether a segment, a context or signals change the scores of a line's history."""
        loaded, context = self.loaded, block.context(line)
        if is_new and loaded.segment_lift(user_id) is not None:
            return True
        if context and loaded.context_lift(context) is not None:
            return True
        if not events:
            return False
        interacted = self.datasets.interacted(loaded.group_arn, user_id)
        return signals(events, interacted, lambda event: event.impression) != NO_SIGNALS
