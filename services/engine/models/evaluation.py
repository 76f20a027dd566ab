"""Evaluation: how good a recipe is on what it did not see, and the settings that it chose for itself.

Recipes that answer with items are measured on users held out, those that answer with users on everybody's newest
events: `services.engine.metrics` says how.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from services.engine.data.training import Training
from services.engine.metrics import (
    LIST_LENGTH,
    REWARD_LIST,
    Examples,
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
from services.engine.recipes.histories import Floats, Ints
from services.engine.recipes.objective import rewards

#: Items whose segments are looked at: enough for a steady mean.
MAX_SEGMENT_QUERIES = 1_000
OBJECTIVE_COLUMN = "itemAttribute"


class Evaluation(NamedTuple):
    """A model that did not see what it was measured on, with the settings it chose.

    metrics  what GetSolutionMetrics answers
    details  what the engine measures beside it, and what the recipe chose
    """

    model: Any
    metrics: Figures
    details: Figures


def options_of(config: Mapping[str, Any]) -> dict[str, str]:
    """All that a `solutionConfig` lets a model be set with, in one mapping: no two of its parts share a name."""
    parts = ("featureTransformationParameters", "algorithmHyperParameters", "optimizationObjective")
    return {name: value for part in parts for name, value in config.get(part, {}).items()}


def event_weights_of(config: Mapping[str, Any]) -> list[float]:
    """The weights of the event types that a `solutionConfig` lists; none without `eventsConfig`."""
    listed = config.get("eventsConfig", {}).get("eventParametersList", ())
    return [float(one.get("weight", 1)) for one in listed]


def evaluate_model(
    recipe: type[Model],
    training: Training,
    options: Mapping[str, str],
    seed: int,
    event_weights: Sequence[float] = (),
) -> Evaluation:
    """A model of a part of `training`, measured on the rest; the same split for every recipe, given data and seed."""
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
        metrics["average_rewards_at_k"] = _average_rewards(model, test, training, options)
    return Evaluation(model, metrics, evaluate_textbook(ranked, test.truths, training.n_items) | model.choices)


def fitted(recipe: type[Model], training: Training, options: Mapping[str, str], split: Split) -> Model:
    """A model of the training users, with the settings that suit the validation users."""
    histories = training.histories
    learnt = training.only(histories.take(split.train))
    return recipe.chosen(learnt, options, next_examples(histories, split.validation))


def _average_rewards(model: Model, test: Examples, training: Training, options: Mapping[str, str]) -> float:
    ranked = model.rank(test.queries, REWARD_LIST).items
    return average_rewards(ranked, test.truths, item_rewards(training, options))


def item_rewards(training: Training, options: Mapping[str, str]) -> Floats:
    """The rewards of the items in the column of the optimization objective, shape (n_items,)."""
    return rewards(np.asarray(training.items.columns[options[OBJECTIVE_COLUMN]], np.float64))


def _evaluate_segments(recipe: type[Model], training: Training, options: Mapping[str, str], seed: int) -> Evaluation:
    learnt, later = segment_examples(training.histories)
    model = recipe.fit(training.only(learnt), options)
    takers = later.binary(training.n_items).T.tocsr()
    items = _drawn(np.flatnonzero(np.diff(takers.indptr)), seed)
    ranked = model.rank(single_items(items), segment_size(len(learnt))).items
    return Evaluation(model, evaluate_segments(ranked, takers[items]), {})


def _drawn(items: Ints, seed: int) -> Ints:
    return np.sort(np.random.default_rng(seed).permutation(items)[:MAX_SEGMENT_QUERIES])
