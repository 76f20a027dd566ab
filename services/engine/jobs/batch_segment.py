"""Batch segments: for every line, an item or attributes of items, the users most likely to interact with such items.

Users come best first, without scores. The model is as of its training; a filter uses the users' current attributes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import orjson

from personalize_kinds.kinds import FILTER, SOLUTION_VERSION
from services.engine import s3
from services.engine.data.attributes import Attributes
from services.engine.data.datasets import Datasets
from services.engine.data.ids import look_up
from services.engine.errors import InvalidInput
from services.engine.files import DataFolder
from services.engine.filters import Facts, Filter, parse
from services.engine.filters.attributes import parse as parse_attributes
from services.engine.jobs.batch_files import BatchFiles, Limits, check_memory
from services.engine.jobs.batch_lines import Block, Fields, parse_block
from services.engine.jobs.json_lines import Layout, Lists, Pieces, encode
from services.engine.jobs.train import recipe_name
from services.engine.lifecycle import Completion
from services.engine.models.storage import TrainedModel, load, single_items
from services.engine.recipes.histories import Histories, Ints
from services.engine.recipes.ranking import best
from services.engine.resources import Resource
from services.engine.runtime.narrowing import Mask
from services.engine.store import Store

OF_ITEMS, OF_ATTRIBUTES = "aws-item-affinity", "aws-item-attribute-affinity"
#: Queries per file. Source: Personalize developer guide, "Endpoints and quotas", November 2025.
QUERIES_PER_FILE = {OF_ITEMS: 500, OF_ATTRIBUTES: 10}
#: The service writes these lines with blanks, unlike those of batch inference.
LAYOUT = Layout(b'{"input": ', b', "output": {"usersList": [', b", ", b']}, "error": ', b"}\n")
NO_USERS = np.empty(0, np.int64)


class BatchSegment:
    """The job of CreateBatchSegmentJob."""

    def __init__(self, store: Store, files: DataFolder, datasets: Datasets, storage: s3.Storage) -> None:
        self._store = store
        self._files = files
        self._datasets = datasets
        self._storage = storage

    def __call__(self, job: Resource) -> Completion:
        version = self._store.get(SOLUTION_VERSION, job.body[SOLUTION_VERSION.arn_member])
        recipe, chosen = recipe_name(version.body["recipeArn"]), job.body.get(FILTER.arn_member)
        files = BatchFiles(job, self._store, self._storage, Limits(lines_per_file=QUERIES_PER_FILE[recipe]))
        files.check()
        check_memory(self._files.model(version))
        segments = Segments(
            recipe,
            load(recipe, self._files.model(version)),
            version.body["datasetGroupArn"],
            self._datasets,
            job.body["numResults"],
            parse(self._store.get(FILTER, chosen).body["filterExpression"]) if chosen else None,
        )
        files.answer(1, segments.answer)
        return lambda _job: None


@dataclass(frozen=True)
class Segments:
    """Answers lines of input with a version of a segmentation recipe."""

    recipe: str
    trained: TrainedModel
    group_arn: str
    datasets: Datasets
    length: int
    filter: Filter | None = None

    def answer(self, blocks: Iterator[list[bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yield the number of lines and the encoded answers of each block of lines."""
        for lines in blocks:
            block = parse_block(lines, Fields(self.trained.model.input_key))
            segments = [self._segment(block, line) for line in range(len(lines))]
            # With a blank after each colon and comma, as the service writes them.
            inputs = [json.dumps(orjson.loads(given), ensure_ascii=False).encode() for given in block.inputs]
            unscored = [np.empty(0, np.float32)] * len(lines)
            yield len(lines), encode(LAYOUT, inputs, block.errors, self._names, Lists.of(segments, unscored))

    @cached_property
    def _names(self) -> Pieces:
        return Pieces.quoted([name.decode() for name in self.trained.interactions.user_ids.tolist()])

    def _segment(self, block: Block, line: int) -> Ints:
        """Return the users of one line, best first, or note the line's error in the block."""
        if block.errors[line] is not None:
            return NO_USERS
        try:
            query = self._query(block.asked[line])
            scores = self.trained.model.scores(query)[0]
            if self.filter:
                scores = np.where(self._allowed(self.filter, block, line), scores, -np.inf)
        except InvalidInput as error:
            block.errors[line] = f"User error: {error}"
            return NO_USERS
        return best(scores, self.length)

    def _query(self, asked: str) -> Histories:
        """Return the items that a line names, as one history. Raises InvalidInput if there are none."""
        if self.recipe == OF_ITEMS:
            return single_items(look_up(self.trained.interactions.item_ids, [asked]))
        expression = parse_attributes(asked)
        schema = self.datasets.schema(self.group_arn, "ITEMS")
        if schema is None:
            raise InvalidInput("The dataset group has no Items dataset, which has the attributes; create one")
        expression.check(schema)
        items = np.flatnonzero(expression.mask(self._items)).astype(np.int32)
        if not len(items):
            raise InvalidInput(f"No item of the solution version has these attributes: {asked}")
        nothing = np.zeros(len(items), np.int32)
        ones = np.ones(len(items), np.float32)
        return Histories(np.array([0, len(items)]), items, nothing, ones, nothing.astype(np.int64))

    @cached_property
    def _items(self) -> Attributes:
        return self.datasets.items(self.group_arn).align(self.trained.interactions.item_ids)

    @cached_property
    def _users(self) -> Attributes:
        return self.datasets.users(self.group_arn).align(self.trained.interactions.user_ids)

    def _allowed(self, narrowing: Filter, block: Block, line: int) -> Mask:
        def interacted(event_type: str) -> Mask:
            return np.isin(self.trained.interactions.user_ids, self.datasets.users_with(self.group_arn, event_type))

        return narrowing.allowed(self._users, Facts(interacted=interacted), block.filter_values(line))
