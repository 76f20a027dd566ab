"""Training: build a model and its metrics from the datasets of a group.

The model is measured on users that it has not seen, and then fitted to all users with the same settings.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import structlog

from personalize_kinds.kinds import SOLUTION, SOLUTION_VERSION
from personalize_kinds.statuses import ACTIVE
from services.engine.catalogue import RECIPES
from services.engine.data.datasets import Datasets
from services.engine.data.ids import look_up
from services.engine.data.interactions import EventSelection, check_minimums
from services.engine.data.training import Training
from services.engine.errors import JobFailed
from services.engine.files import DataFolder, publish
from services.engine.hpo import Search, best_options
from services.engine.lifecycle import Completion
from services.engine.memory import check_fits
from services.engine.metrics import Figures
from services.engine.models import MODELS
from services.engine.models.evaluation import evaluate_model, event_weights_of, options_of
from services.engine.models.model import Model
from services.engine.models.storage import TrainedModel, load, save
from services.engine.models.taste import fits_dense
from services.engine.models.user_personalization import UserPersonalization
from services.engine.resources import Resource
from services.engine.store import Store

log = structlog.get_logger()

SPLIT_SEED = 20
#: Peak memory of `train` in addition to the loaded data: 235 MB with 4,000 items and 837 MB with 8,000 (both with
#: 200,000 interactions), which is 3.1 dense matrices; a mix that wins the choice of taste is a fourth.
DENSE_MATRICES = 4
#: With 1,200,000 interactions 8,000 items took 1,159 MB: 320 bytes for each further interaction. With sparse weights
#: 20,000 items took 386 MB and 40,000 took 481 MB (both with 2,000,000 interactions): 4,800 bytes per item, where items
#: have few neighbours. 20,000 is an estimate: ten matrices with all 200 neighbours and followers.
BYTES_OF_SPARSE_ITEM, BYTES_OF_EVENT = 20_000, 320
SECONDS_PER_HOUR = 3_600


class Train:
    """The job of CreateSolutionVersion."""

    def __init__(self, store: Store, datasets: Datasets, files: DataFolder) -> None:
        self._store = store
        self._datasets = datasets
        self._files = files

    def __call__(self, version: Resource) -> Completion:
        started = time.monotonic()
        selection = EventSelection.of(version.body)
        training = self._datasets.training(version.body["datasetGroupArn"], selection)
        check_minimums(training.histories, selection)
        n_events, n_users = len(training.histories.items), len(training.histories)
        size = f"{n_events:,} interactions of {n_users:,} users with {training.n_items:,} items"
        check_fits(needed_bytes(training), f"Training on {size}")
        loaded = time.monotonic()
        recipe = recipe_name(version.body["recipeArn"])
        config = version.body.get("solutionConfig", {})
        options, tuned = options_of(config), {}
        if version.body["trainingMode"] == "UPDATE":
            trained = self._updated(version, training)
        else:
            if version.body.get("performHPO"):
                search = Search.of(config, RECIPES[recipe].algorithm.hyperparameters)
                tuned = best_options(MODELS[recipe], training, options, search, SPLIT_SEED)
            trained = train(MODELS[recipe], training, options | tuned, event_weights_of(config))
        with self._files.scratch() as scratch:
            save(TrainedModel(trained.model, training.interactions), scratch)
            publish(scratch, self._files.model(version))
        seconds = time.monotonic() - started
        log.info(
            "trained", arn=version.arn, interactions=len(training.histories.items),
            users=len(training.histories), items=training.n_items,
            load_seconds=round(loaded - started, 2), seconds=round(seconds, 2), **trained.metrics,
            **trained.model.choices,
        )  # fmt: skip

        def complete(version: Resource) -> None:
            version.inner["metrics"] = trained.metrics
            version.inner["details"] = trained.details
            version.inner["seen_seq"] = training.seen_seq
            if version.body.get("performHPO"):
                version.body["tunedHPOParams"] = {"algorithmHyperParameters": tuned}
            version.body["trainingHours"] = round(seconds / SECONDS_PER_HOUR, 6)

        return complete

    def _updated(self, version: Resource, training: Training) -> Trained:
        """Apply the weights of the newest version trained FULL to the current items and histories; keep its metrics."""
        versions = self._store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, version.body["solutionArn"]))
        base = next((v for v in versions if v.status == ACTIVE and v.body["trainingMode"] == "FULL"), None)
        if base is None:
            raise JobFailed("Create failed. The version trained FULL that UPDATE starts from was deleted. Train FULL.")
        learned = load(recipe_name(base.body["recipeArn"]), self._files.model(base))
        known = [key.decode() for key in learned.interactions.item_ids.tolist()]
        places = look_up(training.interactions.item_ids, known)
        model = cast(UserPersonalization, learned.model).extended(places, training)
        return Trained(model, base.inner["metrics"], base.inner.get("details", {}))


@dataclass(frozen=True, slots=True)
class Trained:
    """A model of all interactions, and metrics and further figures of one that has not seen the test users."""

    model: Model
    metrics: Figures
    details: Figures


def train(
    recipe: type[Model], training: Training, options: Mapping[str, str], event_weights: Sequence[float] = ()
) -> Trained:
    """Measure the recipe on a part of the data, then fit it to all data with the settings that it chose."""
    evaluation = evaluate_model(recipe, training, options, SPLIT_SEED, event_weights)
    model = evaluation.model.refitted(training, options)
    return Trained(model, evaluation.metrics, evaluation.details)


def needed_bytes(training: Training) -> int:
    """Estimate the peak memory of a training, in bytes, in addition to the loaded data."""
    n_items, n_events = training.n_items, len(training.histories.items)
    weights = DENSE_MATRICES * 4 * n_items**2 if fits_dense(n_items) else BYTES_OF_SPARSE_ITEM * n_items
    return weights + BYTES_OF_EVENT * n_events


def recipe_name(recipe_arn: str) -> str:
    """Return `aws-sims` of `arn:aws:personalize:::recipe/aws-sims`."""
    return recipe_arn.rpartition("/")[2]
