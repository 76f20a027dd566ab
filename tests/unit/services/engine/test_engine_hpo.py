from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pytest

from services.engine.catalogue import RECIPES
from services.engine.data.attributes import Attributes
from services.engine.data.interactions import Interactions
from services.engine.data.training import Training
from services.engine.hpo import Search, best_options
from services.engine.models.evaluation import evaluate_model, event_weights_of, options_of
from services.engine.models.model import Model
from services.engine.recipes.histories import Floats, Histories
from services.engine.recipes.objective import leaning, rewards

N_ITEMS = 60
SIMS = RECIPES["aws-sims"].algorithm.hyperparameters
RECURRENT = RECIPES["aws-user-personalization"].algorithm.hyperparameters


@dataclass(frozen=True)
class Stepping(Model):
    """Recommends the items `step` after the newest: right if the step is that of the data."""

    step: int
    fitted: Any = None

    @classmethod
    def fit(cls, training: Training, options: Mapping[str, str]) -> Self:
        return cls(int(options.get("bptt", "32")), training)

    def scores(self, queries: Histories) -> Floats:
        newest = queries.items[queries.starts[1:] - 1]
        behind = (np.arange(N_ITEMS) - newest[:, None] - self.step) % N_ITEMS
        return -behind.astype(float)


@pytest.fixture(scope="module")
def walk() -> Training:
    """200 users, each of whom moves seven items on every time."""
    n_users, length = 200, 8
    first = np.random.default_rng(0).integers(0, N_ITEMS, n_users)
    items = ((first[:, None] + 7 * np.arange(length)) % N_ITEMS).astype(np.int32).ravel()
    places = np.tile(np.arange(length), n_users)
    events = Histories(
        np.arange(n_users + 1) * length, items, places.astype(np.int32), np.ones(len(items), np.float32), places
    )
    ids = np.array([f"{n:04d}" for n in range(n_users)], np.bytes_)
    return Training(Interactions(ids, ids[:N_ITEMS], events), Attributes(ids[:N_ITEMS]), Attributes(ids))


def config(**kinds: list[dict[str, Any]]) -> dict[str, Any]:
    ranges = {f"{kind}HyperParameterRanges": given for kind, given in kinds.items()}
    return {
        "hpoConfig": {
            "algorithmHyperParameterRanges": ranges,
            "hpoResourceConfig": {"maxNumberOfTrainingJobs": "8", "maxParallelTrainingJobs": "2"},
        }
    }


def test_search_finds_the_setting_that_answers_best(walk: Training) -> None:
    ranges = config(integer=[{"name": "bptt", "minValue": 5, "maxValue": 9}])
    best = best_options(Stepping, walk, {"bptt": "30"}, Search.of(ranges, RECURRENT), seed=1)
    assert best == {"bptt": "7"}
    plain, tuned = (evaluate_model(Stepping, walk, options, 1).metrics for options in ({"bptt": "30"}, best))
    assert tuned["mean_reciprocal_rank_at_25"] == 1 > plain["mean_reciprocal_rank_at_25"]


def test_first_trial_is_what_the_solution_is_set_to(walk: Training) -> None:
    ranges = config(integer=[{"name": "bptt", "minValue": 10, "maxValue": 20}])
    assert best_options(Stepping, walk, {"bptt": "7"}, Search.of(ranges, RECURRENT), seed=1) == {"bptt": "7"}


def test_test_users_have_no_part_in_the_search(walk: Training) -> None:
    seen: list[int] = []

    class Watching(Stepping):
        def rank(self, queries: Histories, length: int) -> Any:
            seen.extend(queries.items[queries.starts[:-1]].tolist())
            return super().rank(queries, length)

    search = Search.of(config(integer=[{"name": "bptt", "minValue": 2, "maxValue": 3}]), RECURRENT)
    best_options(Watching, walk, {}, search, seed=1)
    from services.engine.metrics import examples, split_users

    split = split_users(walk.histories, 1)
    validation = examples(walk.histories, split.validation).queries
    assert {*seen} == {*validation.items[validation.starts[:-1]].tolist()}


def test_settings_lie_within_the_ranges_and_are_drawn_once_and_again_the_same() -> None:
    ranges = config(
        integer=[{"name": "min_cointeraction_count", "minValue": 2, "maxValue": 3}],
        continuous=[{"name": "popularity_discount_factor", "minValue": 0.2, "maxValue": 0.3}],
    )
    search = Search.of(ranges, SIMS)
    settings = [*search.drawn(4)]
    assert len(settings) == 7  # the eighth trial is the solution's own
    assert {setting["min_cointeraction_count"] for setting in settings} == {"2", "3"}
    assert all(0.2 <= float(setting["popularity_discount_factor"]) <= 0.3 for setting in settings)
    assert settings == [*search.drawn(4)] != [*search.drawn(5)]


def test_small_spaces_are_not_searched_twice() -> None:
    ranges = config(categorical=[{"name": "recency_mask", "values": ["True", "False"]}])
    settings = [*Search.of(ranges, RECURRENT).drawn(1)]
    assert sorted(setting["recency_mask"] for setting in settings) == ["False", "True"]


def test_without_ranges_all_that_can_be_tuned_is(walk: Training) -> None:
    search = Search.of({}, SIMS)
    assert [range_.name for range_ in search.ranges] == ["popularity_discount_factor", "min_cointeraction_count"]
    assert search.trials == 16
    untunable = RECIPES["aws-user-personalization-v2"].algorithm.hyperparameters
    assert best_options(Stepping, walk, {}, Search.of({}, untunable), seed=1) == {}


def test_parts_of_a_solution_config_become_one_mapping() -> None:
    given = {
        "algorithmHyperParameters": {"bptt": "4"},
        "featureTransformationParameters": {"max_user_history_length_percentile": "0.9"},
        "optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"},
        "eventsConfig": {"eventParametersList": [{"eventType": "a", "weight": 0.3}, {"eventType": "b"}]},
    }
    assert options_of(given) == {
        "bptt": "4", "max_user_history_length_percentile": "0.9", "itemAttribute": "PRICE",
        "objectiveSensitivity": "LOW",
    }  # fmt: skip
    assert event_weights_of(given) == [0.3, 1.0]
    assert (options_of({}), event_weights_of({})) == ({}, [])


def test_metrics_of_weights_and_objective_are_there_when_asked_for(walk: Training) -> None:
    plain = evaluate_model(Stepping, walk, {}, 1)
    assert len(plain.metrics) == 8
    assert all(key.startswith("textbook_") for key in plain.details)
    weighted = evaluate_model(Stepping, walk, {}, 1, [1.0, 0.5]).metrics
    assert sum("with_event_weights" in key for key in weighted) == 3
    priced = Training(
        walk.interactions, Attributes(walk.items.ids, {"PRICE": np.arange(N_ITEMS, dtype=float)}), walk.users
    )
    assert 0 < evaluate_model(Stepping, priced, {"itemAttribute": "PRICE"}, 1).metrics["average_rewards_at_k"] <= 1


def test_leaning_grows_with_the_sensitivity() -> None:
    prices = rewards(np.array([10.0, 20.0, np.nan, 40.0]))
    assert prices[1] == pytest.approx(2 * prices[0])
    assert (leaning(prices, "OFF") == 1).all()
    ratios = [float(factor[3] / factor[0]) for factor in (leaning(prices, name) for name in ("LOW", "MEDIUM", "HIGH"))]
    assert 1 < ratios[0] < ratios[1] < ratios[2] <= 4
    assert (leaning(prices, "HIGH") > 0).all()


def test_rewards_of_odd_columns_are_still_rewards() -> None:
    assert rewards(np.full(3, np.nan)).tolist() == [1, 1, 1]
    assert rewards(np.array([-2.0, 0.0, 2.0])).min() == 0
    assert rewards(np.zeros(3)).tolist() == [1, 1, 1]
    assert rewards(np.empty(0)).tolist() == []
