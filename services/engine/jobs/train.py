"""Training: the parts of a group's datasets → a model and its metrics.

The model is measured on users it did not see, then fitted again on everybody with the same settings.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import structlog

from services.engine.errors import JobFailed
from services.engine.files import DataFolder, publish
from services.engine.interactions import EventSelection, Interactions, check_minimums, load_interactions
from services.engine.lifecycle import Completion
from services.engine.metrics import LIST_LENGTH, evaluate, examples, split_users
from services.engine.models import MODELS
from services.engine.models.model import Model
from services.engine.models.storage import TrainedModel, save
from services.engine.resources import DATASET, DATASET_GROUP, Resource
from services.engine.store import Store

log = structlog.get_logger()

SPLIT_SEED = 20
SECONDS_PER_HOUR = 3_600


class Train:
    """The job of CreateSolutionVersion."""

    def __init__(self, store: Store, files: DataFolder) -> None:
        self._store = store
        self._files = files

    def __call__(self, version: Resource) -> Completion:
        started = time.monotonic()
        selection = EventSelection.of(version.body)
        interactions = load_interactions(self._parts(version, "INTERACTIONS"), selection)
        check_minimums(interactions.histories, selection)
        loaded = time.monotonic()
        recipe = recipe_name(version.body["recipeArn"])
        options = version.body.get("solutionConfig", {}).get("algorithmHyperParameters", {})
        model, metrics = train(MODELS[recipe], interactions, options, self._catalogue_size(version, interactions))
        with self._files.scratch() as scratch:
            save(TrainedModel(model, interactions), scratch)
            publish(scratch, self._files.model(version))
        seconds = time.monotonic() - started
        log.info(
            "trained", arn=version.arn, interactions=len(interactions.histories.items),
            users=len(interactions.user_ids), items=len(interactions.item_ids),
            load_seconds=round(loaded - started, 2), seconds=round(seconds, 2), **metrics,
        )  # fmt: skip

        def complete(version: Resource) -> None:
            version.inner["metrics"] = metrics
            version.body["trainingHours"] = round(seconds / SECONDS_PER_HOUR, 6)

        return complete

    def _parts(self, version: Resource, dataset_type: str) -> list[Path]:
        """The files that hold a dataset of the version's group; none if the dataset is absent or empty."""
        group = version.body["datasetGroupArn"]
        for dataset in self._store.page(DATASET, where=(DATASET_GROUP.arn_member, group)):
            if dataset.body["datasetType"] == dataset_type and dataset.inner.get("parts"):
                return [self._files.dataset(dataset) / part for part in dataset.inner["parts"]]
        if dataset_type == "INTERACTIONS":
            raise JobFailed("Create failed. The Interactions dataset has no data. Import into it before training.")
        return []

    def _catalogue_size(self, version: Resource, interactions: Interactions) -> int:
        """Distinct items of interactions and items data."""
        import pyarrow.parquet as pq

        items = set(interactions.item_ids.tolist())
        for part in self._parts(version, "ITEMS"):
            items.update(item.encode() for item in pq.read_table(part, columns=["ITEM_ID"])["ITEM_ID"].to_pylist())
        return len(items)


def train(
    recipe: type[Model], interactions: Interactions, options: dict[str, str], catalogue_size: int
) -> tuple[Model, dict[str, float]]:
    """A model of all interactions, and the metrics of one that did not see the test users."""
    histories, n_items = interactions.histories, len(interactions.item_ids)
    split = split_users(histories, SPLIT_SEED)
    measured: Any = recipe.fit(histories.take(split.train), n_items, options)
    measured = measured.tuned(examples(histories, split.validation))
    test = examples(histories, split.test)
    metrics = evaluate(measured.rank(test.queries, LIST_LENGTH).items, test.truths, n_items, catalogue_size)
    return recipe.fit(histories, n_items, options).like(measured), metrics


def recipe_name(recipe_arn: str) -> str:
    """`aws-sims` of `arn:aws:personalize:::recipe/aws-sims`."""
    return recipe_arn.rpartition("/")[2]
