"""Evaluation: measure a recipe on data that it has not seen, with the settings that it chooses itself.

Recipes that recommend items are measured on held-out users, those that find users on all users' newest events; see
`services.engine.metrics`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.engine.data.training import Training
from services.engine.metrics import (
    LIST_LENGTH,
    REWARD_LIST,
    Figures,
    Split,
    average_rewards,
    evaluate,
    evaluate_segments,
    evaluate_textbook,
    evaluate_weighted,
    examples,
    next_examples,
    segment_examples,
    segment_size,
    split_users,
)
from services.engine.models.model import Model
from services.engine.models.storage import single_items
from services.engine.recipes.histories import Floats
from services.engine.recipes.objective import rewards

#: Number of items whose segments are measured: enough for a stable mean.
MAX_SEGMENT_QUERIES = 1_000
OBJECTIVE_COLUMN = "itemAttribute"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model that has not seen the data it was measured on, with the settings it chose.

    metrics  the metrics of GetSolutionMetrics
    details  further figures of the engine, and what the recipe chose
    """

    model: Any
    metrics: Figures
    details: Figures


def options_of(config: Mapping[str, Any]) -> dict[str, str]:
    """Return all settings of a `solutionConfig` that models have, in one mapping: their names are distinct."""
    parts = ("featureTransformationParameters", "algorithmHyperParameters", "optimizationObjective")
    return {name: value for part in parts for name, value in config.get(part, {}).items()}


def event_weights_of(config: Mapping[str, Any]) -> list[float]:
    """Return the weights of the event types in a `solutionConfig`; empty without `eventsConfig`."""
    listed = config.get("eventsConfig", {}).get("eventParametersList", ())
    return [float(entry.get("weight", 1)) for entry in listed]


def evaluate_model(
    recipe: type[Model],
    training: Training,
    options: Mapping[str, str],
    seed: int,
    event_weights: Sequence[float] = (),
) -> Evaluation:
    """Fit a model to a part of `training` and measure it on the rest; the split depends only on data and seed."""
    if recipe.answers == "users":
        return _evaluate_segments(recipe, training, options, seed)
    histories = training.histories
    split = split_users(histories, seed)
    model = fitted(recipe, training, options, split)
    test = examples(histories, split.test)
    ranked = model.rank(test.queries, LIST_LENGTH).items
    metrics = evaluate(ranked, test.truths, training.n_items) | recipe.own_metrics(training, options)
    if event_weights:
        metrics |= evaluate_weighted(ranked, test.truths, training.n_items, event_weights)
    if OBJECTIVE_COLUMN in options:
        longer = model.rank(test.queries, REWARD_LIST).items
        metrics["average_rewards_at_k"] = average_rewards(longer, test.truths, item_rewards(training, options))
    return Evaluation(model, metrics, evaluate_textbook(ranked, test.truths, training.n_items) | model.choices)


def fitted(recipe: type[Model], training: Training, options: Mapping[str, str], split: Split) -> Model:
    """Fit a model to the training users, with the settings that suit the validation users best."""
    histories = training.histories
    known = training.only(histories.take(split.train))
    return recipe.chosen(known, options, next_examples(histories, split.validation))


def item_rewards(training: Training, options: Mapping[str, str]) -> Floats:
    """Return the items' rewards, from the column of the optimization objective; shape (n_items,)."""
    return rewards(np.asarray(training.items.columns[options[OBJECTIVE_COLUMN]], np.float64))


def _evaluate_segments(recipe: type[Model], training: Training, options: Mapping[str, str], seed: int) -> Evaluation:
    split = segment_examples(training.histories)
    model = recipe.fit(training.only(split.queries), options)
    takers = split.truths.binary(training.n_items).T.tocsr()
    taken = np.flatnonzero(np.diff(takers.indptr))
    items = np.sort(np.random.default_rng(seed).permutation(taken)[:MAX_SEGMENT_QUERIES])
    ranked = model.rank(single_items(items), segment_size(len(split.queries))).items
    return Evaluation(model, evaluate_segments(ranked, takers[items]), {})
