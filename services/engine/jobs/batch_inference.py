"""Batch inference: a list of items for every line of input.

lines ─► block ─► the best items, ranked by the model in one call
              └─► line by line: with a filter, with exploration, of given items, or where more than the model counts
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from personalize_kinds.kinds import FILTER, SOLUTION_VERSION
from services.engine import s3
from services.engine.catalogue import PERSONALIZED_RANKING
from services.engine.data.attributes import Attributes
from services.engine.data.datasets import Datasets
from services.engine.data.ids import look_up
from services.engine.errors import InvalidInput
from services.engine.files import DataFolder
from services.engine.filters import Filter, parse
from services.engine.jobs.batch_files import BatchFiles, Limits, check_memory
from services.engine.jobs.batch_lines import Block, Fields, parse_block
from services.engine.jobs.batch_scores import Questions, Scores
from services.engine.jobs.json_lines import Layout, Lists, Pieces, encode
from services.engine.jobs.train import recipe_name
from services.engine.lifecycle import Completion
from services.engine.models.storage import load
from services.engine.recipes.exploration import curiosity, explore, falling, young
from services.engine.recipes.histories import Floats, Ints
from services.engine.recipes.ranking import best
from services.engine.resources import Resource
from services.engine.runtime.deployments import EXPLORATION_CUT_OFF_DAYS, EXPLORATION_WEIGHT, LoadedVersion
from services.engine.runtime.narrowing import Mask, facts
from services.engine.store import Store

#: Lines and answers of a block: these bound the memory of a job.
BLOCK_RECORDS = 16_384
BLOCK_ANSWERS = 1_000_000
WITH_REASONS = "aws-user-personalization-v2"

RELATED = Layout(b'{"input":', b',"output":{"recommendedItems":[', b",", b']},"error":', b"}\n")
SCORED = replace(RELATED, before_scores=b'],"scores":[')
#: Answers of the second version have a field for the reason. In batch all items are there for taste: no reasons.
REASONED = replace(SCORED, before_reasons=b'],"reasons":[', reason=b"[]")


class BatchInference:
    """The job of CreateBatchInferenceJob."""

    def __init__(self, store: Store, files: DataFolder, datasets: Datasets, storage: s3.Storage) -> None:
        self._store = store
        self._files = files
        self._datasets = datasets
        self._storage = storage

    def __call__(self, job: Resource) -> Completion:
        files = BatchFiles(job, self._store, self._storage, Limits())
        files.check()
        inference = self._inference(job)
        files.answer(inference.block_lines, inference.answer)
        return lambda _job: None

    def _inference(self, job: Resource) -> Inference:
        version = self._store.get(SOLUTION_VERSION, job.body[SOLUTION_VERSION.arn_member])
        check_memory(self._files.model(version))
        trained = load(recipe_name(version.body["recipeArn"]), self._files.model(version))
        chosen = job.body.get(FILTER.arn_member)
        return Inference(
            Scores(LoadedVersion(version, trained, self._datasets), self._datasets),
            job.body["numResults"],
            parse(self._store.get(FILTER, chosen).body["filterExpression"]) if chosen else None,
            job.body.get("batchInferenceJobConfig", {}).get("itemExplorationConfig", {}),
            zlib.crc32(job.arn.encode()),
        )


@dataclass
class BlockAnswers:
    """The answers of a block, by line; a line in error has none. `unknown` numbers items that the model lacks."""

    places: list[Ints]
    scores: list[Floats]
    unknown: dict[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, n_lines: int) -> BlockAnswers:
        return cls([np.empty(0, np.int64)] * n_lines, [np.empty(0, np.float32)] * n_lines)


@dataclass(frozen=True)
class Inference:
    """Answers lines of input with a solution version.

    exploration  the job's itemExplorationConfig; empty: no exploration
    seed         of the exploration, so that a job that runs again gives the same lists
    """

    scores: Scores
    length: int
    filter: Filter | None = None
    exploration: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0

    @property
    def block_lines(self) -> int:
        return max(1, min(BLOCK_RECORDS, BLOCK_ANSWERS // self.length))

    def answer(self, blocks: Iterator[list[bytes]]) -> Iterator[tuple[int, bytes]]:
        """Yield the number of lines and the encoded answers of each block of lines."""
        for lines in blocks:
            block = parse_block(lines, self._fields)
            answers = self._answers(block)
            names = self._names.concat(Pieces.quoted([*answers.unknown])) if answers.unknown else self._names
            lists = Lists.of(answers.places, answers.scores)
            yield len(lines), encode(self._layout, block.inputs, block.errors, names, lists)

    @cached_property
    def _ranks(self) -> bool:
        return self.scores.loaded.recipe.type == PERSONALIZED_RANKING

    @cached_property
    def _fields(self) -> Fields:
        return Fields(self.scores.loaded.trained.model.input_key, "itemList" if self._ranks else None)

    @cached_property
    def _layout(self) -> Layout:
        if self.scores.loaded.recipe.name == WITH_REASONS:
            return REASONED
        return SCORED if self.scores.loaded.trained.model.scored else RELATED

    @cached_property
    def _names(self) -> Pieces:
        return Pieces.quoted([name.decode() for name in self.scores.loaded.trained.interactions.item_ids.tolist()])

    def _answers(self, block: Block) -> BlockAnswers:
        answers, questions = BlockAnswers.empty(len(block.asked)), self.scores.questions(block)
        if not (self._ranks or self.filter or self.exploration):
            of_model = [line for line in questions.lines if line not in questions.adjusted]
            self._rank_at_once(questions.only(of_model), answers)
            questions = questions.only(sorted(questions.adjusted))
        for line, scores in self.scores.of(block, questions):
            try:
                self._answer_line(block, line, scores, answers)
            except InvalidInput as error:
                block.errors[line] = f"User error: {error}"
        return answers

    def _rank_at_once(self, questions: Questions, answers: BlockAnswers) -> None:
        ranked = self.scores.loaded.trained.model.rank(questions.queries, self.length)
        for row, line in enumerate(questions.lines):
            answers.places[line] = ranked.items[row]
            if ranked.scores is not None:
                answers.scores[line] = ranked.scores[row]

    def _answer_line(self, block: Block, line: int, scores: Floats, answers: BlockAnswers) -> None:
        if self._ranks:
            answers.places[line], answers.scores[line] = self._ranked(block, line, scores, answers.unknown)
            return
        places, points = self._chosen(block, line, scores)
        answers.places[line] = places
        if self.scores.loaded.trained.model.scored:
            answers.scores[line] = points

    def _chosen(self, block: Block, line: int, scores: Floats) -> tuple[Ints, Floats]:
        """Return the best items that the filter allows, some places given to exploration, and their scores."""
        assortment = self.scores.assortment
        if self.filter:
            allowed = self._allowed(self.filter, block, line, assortment.attributes, assortment.mask)
            scores = np.where(allowed, scores, -np.inf)
        ranked = best(scores, self.length)
        if not self.exploration:
            return ranked, scores[ranked]
        weight = float(self.exploration.get("explorationWeight", EXPLORATION_WEIGHT))
        worth = curiosity(scores, assortment.n_events, self._young & np.isfinite(scores))
        random = np.random.default_rng([self.seed, zlib.crc32(block.asked[line].encode())])
        explored = explore(ranked, worth, weight, random).items
        return explored, falling(scores[explored])

    @cached_property
    def _young(self) -> Mask:
        days = float(self.exploration.get("explorationItemAgeCutOff", EXPLORATION_CUT_OFF_DAYS))
        return young(self.scores.assortment.born, self.scores.assortment.newest, days)

    def _ranked(self, block: Block, line: int, scores: Floats, unknown: dict[str, int]) -> tuple[Ints, Floats]:
        """Return the given items, best first, and their scores as shares of their sum.

        Items that the model lacks come last, without scores; `unknown` numbers them after the model's.
        """
        item_ids = self.scores.loaded.trained.interactions.item_ids
        names = self._allowed_names(block, line)
        places = look_up(item_ids, names)
        known = places[places >= 0]
        known = known[np.argsort(-scores[known], kind="stable")]
        unknown_names = [name for name, place in zip(names, places.tolist(), strict=True) if place < 0]
        last = [unknown.setdefault(name, len(item_ids) + len(unknown)) for name in unknown_names]
        return np.concatenate([known, np.array(last, np.int64)]), scores[known] / scores[known].sum()

    def _allowed_names(self, block: Block, line: int) -> list[str]:
        """Return the items to rank that the filter allows, whether or not the model knows them."""
        names = block.items(line)
        if self.filter is None:
            return names
        items = self.scores.datasets.items(self.scores.loaded.group_arn)
        universe = items.align(np.array([name.encode() for name in names], dtype=np.bytes_))
        allowed = self._allowed(self.filter, block, line, universe, lambda ids: np.isin(names, ids))
        return [name for name, is_allowed in zip(names, allowed.tolist(), strict=True) if is_allowed]

    def _allowed(
        self, narrowing: Filter, block: Block, line: int, universe: Attributes, mask: Callable[[tuple[str, ...]], Mask]
    ) -> Mask:
        """Return which rows of the universe the filter allows; `mask` returns the rows of ids. Raises InvalidInput."""
        of_user, asked = self._fields.key == "userId", block.asked[line]
        known = facts(
            self.scores.datasets,
            self.scores.loaded.group_arn,
            user_id=asked if of_user else None,
            item_id=None if of_user else asked,
            universe=universe,
            mask=mask,
        )
        return narrowing.allowed(universe, known, block.filter_values(line))
