"""A model of the engine, trained on one folder of interactions and tested with another, which it has not seen."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.errors import FinalError
from aisle.evaluation.metrics import DEPTH, Figures, measure
from services.engine.data.attributes import Attributes
from services.engine.data.event_log import EventLog, Events
from services.engine.data.ids import decoded, look_up
from services.engine.data.interactions import EventSelection, Interactions, check_minimums, interactions_of
from services.engine.data.training import Training
from services.engine.errors import JobFailed
from services.engine.jobs.train import SPLIT_SEED
from services.engine.models import MODELS
from services.engine.models.evaluation import evaluate_model
from services.engine.models.model import Model

_FILE = "interactions.csv"
_RECIPES = ("aws-user-personalization", "aws-popularity-count")


@dataclass(frozen=True, slots=True)
class Interaction:
    """One row of a file; the timestamp in epoch seconds."""

    user_id: str
    item_id: str
    event_type: str
    timestamp: int

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Interaction:
        """Read a row. Raises KeyError, TypeError or ValueError."""
        return cls(row["USER_ID"], row["ITEM_ID"], row["EVENT_TYPE"], int(row["TIMESTAMP"]))

    @property
    def event(self) -> dict[str, object]:
        """The row as the engine's event log takes it."""
        return {
            "USER_ID": self.user_id, "ITEM_ID": self.item_id, "EVENT_TYPE": self.event_type,
            "TIMESTAMP": self.timestamp,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a model and of popularity, by the same users."""

    model: Figures
    popularity: Figures
    n_users: int
    n_items: int


def report_on(train: Path, test: Path) -> Report:
    """Train on the folder `train`, and measure by what its users did in the folder `test`.

    Raises FinalError if a file cannot be read, the two overlap in time, or there is too little in one of them.
    """
    learned, tested = _read(train), _read(test)
    _check_no_leak(learned, tested, train, test)
    log = EventLog.sort(Events.of_rows([interaction.event for interaction in learned]))
    interactions = interactions_of(log, EventSelection())
    try:
        check_minimums(interactions.histories, EventSelection())
    except JobFailed as error:
        raise FinalError(f"training on {train}: {error} Export more days into it.") from error
    bought = _bought(tested, set(decoded(interactions.user_ids)))
    if not bought:
        raise FinalError(f"testing with {test}: no user of {train / _FILE} did anything there; test with more days")
    training = Training(
        interactions, Attributes.empty().align(interactions.item_ids), Attributes.empty().align(interactions.user_ids)
    )
    model, popularity = (
        measure(_lists(_trained(MODELS[recipe], training), interactions, sorted(bought)), bought, training.n_items)
        for recipe in _RECIPES
    )
    return Report(model, popularity, len(bought), training.n_items)


def _read(folder: Path) -> list[Interaction]:
    """Read the interactions of a folder, as `aisle export` writes them."""
    path = folder / _FILE
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file, escapechar="\\", doublequote=False, strict=True)
            return [Interaction.of(row) for row in rows]
    except (OSError, UnicodeError, csv.Error, ValueError, KeyError, TypeError) as error:
        raise FinalError(
            f"reading {path}: {error or type(error).__name__}; write the folders with `aisle export --test-days`"
        ) from error


def _check_no_leak(learned: Sequence[Interaction], tested: Sequence[Interaction], train: Path, test: Path) -> None:
    """Raise FinalError unless each interaction of the test is later than all that is learned from."""
    if not learned or not tested:
        raise FinalError(f"reading {(test if learned else train) / _FILE}: it has no rows; export more days into it")
    newest = max(interaction.timestamp for interaction in learned)
    earliest = min(interaction.timestamp for interaction in tested)
    if earliest <= newest:
        raise FinalError(
            f"testing with {test}: it begins at {earliest}, before {train} ends at {newest}, so the model would be "
            "tested by what it has seen; write both folders with one `aisle export --test-days`"
        )


def _bought(tested: Sequence[Interaction], known: AbstractSet[str]) -> dict[str, set[str]]:
    bought: dict[str, set[str]] = defaultdict(set)
    for interaction in tested:
        if interaction.user_id in known:
            bought[interaction.user_id].add(interaction.item_id)
    return dict(bought)


def _trained(recipe: type[Model], training: Training) -> Model:
    """Fit a recipe to all of the training data with the settings that it chooses on a part of them."""
    model: Model = evaluate_model(recipe, training, {}, SPLIT_SEED).model
    return model.refitted(training, {})


def _lists(model: Model, interactions: Interactions, user_ids: Sequence[str]) -> dict[str, list[str]]:
    rows = np.asarray(look_up(interactions.user_ids, user_ids))
    ranked = model.rank(interactions.histories.take(rows), DEPTH)
    names = decoded(interactions.item_ids)
    return {user_id: [names[item] for item in items] for user_id, items in zip(user_ids, ranked.items, strict=True)}
