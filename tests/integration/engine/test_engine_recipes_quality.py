"""A floor under the quality of every recipe but the personal ones, on the files that the service was measured on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.engine.data.attributes import Attributes
from services.engine.data.interactions import EventSelection, load_interactions
from services.engine.data.training import Training
from services.engine.metrics import evaluate, examples
from services.engine.models import MODELS
from services.engine.models.evaluation import evaluate_model

NDCG, MRR = "normalized_discounted_cumulative_gain_at_25", "mean_reciprocal_rank_at_25"
SEED = 20


@pytest.fixture(scope="module")
def load(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Training]:
    """A data set as an import leaves it."""

    def loaded(name: str) -> Training:
        table = pq.read_table(
            datasets / name / "interactions.parquet", columns=["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"]
        )
        times = table["TIMESTAMP"].cast(pa.float64()).cast(pa.int64())
        part = tmp_path_factory.mktemp(name) / "part.parquet"
        pq.write_table(table.set_column(table.schema.get_field_index("TIMESTAMP"), "TIMESTAMP", times), part)
        items = Attributes.of_table(pq.read_table(datasets / name / "items.parquet"), "ITEM_ID")
        interactions = load_interactions([part], EventSelection(), items.ids)
        return Training(interactions, items.align(interactions.item_ids), Attributes(interactions.user_ids))

    return loaded


@pytest.fixture(scope="module")
def shop_events(load: Callable[[str], Training]) -> Training:
    return load("retail_demo_store")


@pytest.fixture(scope="module")
def films(load: Callable[[str], Training]) -> Training:
    return load("movielens_small_events")


def measured(recipe: str, training: Training, **options: str) -> dict[str, Any]:
    return evaluate_model(MODELS[recipe], training, options, SEED).metrics


@pytest.mark.parametrize(("recipe", "coverage"), [("aws-sims", 0.8), ("aws-similar-items", 0.95)])
def test_related_items_are_far_above_popularity(recipe: str, coverage: float, shop_events: Training) -> None:
    popular, related = measured("aws-popularity-count", shop_events), measured(recipe, shop_events)
    assert related[NDCG] > 0.32 > 4 * popular[NDCG]
    assert related["coverage"] > coverage


def test_related_films_of_one_film(films: Training) -> None:
    """One fold of a third of the users: fewer to learn from than in the ten folds of the benchmark."""
    histories = films.histories
    drawn = np.random.default_rng(0).permutation(len(histories))[: len(histories) // 3]
    model = MODELS["aws-sims"].fit(films.only(histories.take(np.setdiff1d(np.arange(len(histories)), drawn))), {})
    test = examples(histories, np.sort(drawn))
    figures = evaluate(model.rank(test.queries, 25).items, test.truths, films.n_items)
    assert figures[NDCG] > 0.19
    assert figures[MRR] > 0.12


@pytest.mark.parametrize("recipe", ["aws-item-affinity", "aws-item-attribute-affinity"])
def test_segments_find_who_takes_the_item_next(recipe: str, shop_events: Training) -> None:
    metrics = measured(recipe, shop_events)
    assert set(metrics) == {"coverage", "hits_at_1_percent", "recall_at_1_percent"}
    assert metrics["recall_at_1_percent"] > 0.93
    assert metrics["hits_at_1_percent"] > 12
    assert metrics["coverage"] > 0.9


def test_popular_list_is_better_than_chance_and_trends_have_their_metric(shop_events: Training) -> None:
    popular = measured("aws-popularity-count", shop_events)
    assert popular[NDCG] > 0.05
    trending = measured("aws-trending-now", shop_events, trend_discovery_frequency="1 day")
    assert set(trending) == {*popular, "trend_prediction_accuracy"}
    assert 0 <= trending["trend_prediction_accuracy"] <= 1
