"""Training: the parts of a group's datasets → a model and its metrics.

The model is measured on users it did not see, then fitted again on everybody with the same settings.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import structlog

from services.engine.data.datasets import Datasets
from services.engine.data.interactions import EventSelection, check_minimums
from services.engine.data.training import Training
from services.engine.files import DataFolder, publish
from services.engine.lifecycle import Completion
from services.engine.metrics import LIST_LENGTH, evaluate, examples, split_users
from services.engine.models import MODELS
from services.engine.models.model import Model
from services.engine.models.storage import TrainedModel, save
from services.engine.resources import Resource

log = structlog.get_logger()

SPLIT_SEED = 20
SECONDS_PER_HOUR = 3_600


class Train:
    """The job of CreateSolutionVersion."""

    def __init__(self, datasets: Datasets, files: DataFolder) -> None:
        self._datasets = datasets
        self._files = files

    def __call__(self, version: Resource) -> Completion:
        started = time.monotonic()
        selection = EventSelection.of(version.body)
        training = self._datasets.training(version.body["datasetGroupArn"], selection)
        check_minimums(training.histories, selection)
        loaded = time.monotonic()
        recipe = recipe_name(version.body["recipeArn"])
        options = version.body.get("solutionConfig", {}).get("algorithmHyperParameters", {})
        model, metrics = train(MODELS[recipe], training, options)
        with self._files.scratch() as scratch:
            save(TrainedModel(model, training.interactions), scratch)
            publish(scratch, self._files.model(version))
        seconds = time.monotonic() - started
        log.info(
            "trained", arn=version.arn, interactions=len(training.histories.items),
            users=len(training.histories), items=training.n_items,
            load_seconds=round(loaded - started, 2), seconds=round(seconds, 2), **metrics,
        )  # fmt: skip

        def complete(version: Resource) -> None:
            version.inner["metrics"] = metrics
            version.body["trainingHours"] = round(seconds / SECONDS_PER_HOUR, 6)

        return complete


def train(recipe: type[Model], training: Training, options: Mapping[str, str]) -> tuple[Model, dict[str, float]]:
    """A model of all interactions, and the metrics of one that did not see the test users."""
    histories = training.histories
    split = split_users(histories, SPLIT_SEED)
    measured: Any = recipe.fit(training.only(histories.take(split.train)), options)
    measured = measured.tuned(examples(histories, split.validation))
    test = examples(histories, split.test)
    metrics = evaluate(measured.rank(test.queries, LIST_LENGTH).items, test.truths, training.n_items)
    return recipe.fit(training, options).like(measured), metrics


def recipe_name(recipe_arn: str) -> str:
    """`aws-sims` of `arn:aws:personalize:::recipe/aws-sims`."""
    return recipe_arn.rpartition("/")[2]
