"""The answers are worth more than the popular list, on real shop events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.engine.data.attributes import Attributes
from services.engine.data.interactions import EventSelection, load_interactions
from services.engine.data.training import Training
from services.engine.jobs.train import train
from services.engine.models import MODELS

NDCG = "normalized_discounted_cumulative_gain_at_25"


@pytest.fixture(scope="module")
def shop_events(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Events of the retail demo store, as an import leaves them."""
    table = pq.read_table(
        datasets / "retail_demo_store" / "interactions.parquet",
        columns=["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"],
    )
    times = table["TIMESTAMP"].cast(pa.float64()).cast(pa.int64())
    part = tmp_path_factory.mktemp("shop") / "part.parquet"
    pq.write_table(table.set_column(table.schema.get_field_index("TIMESTAMP"), "TIMESTAMP", times), part)
    interactions = load_interactions([part], EventSelection())
    return Training(interactions, Attributes(interactions.item_ids), Attributes(interactions.user_ids))


def measured(recipe: str, training: Training) -> dict[str, Any]:
    return train(MODELS[recipe], training, {}).metrics


def test_user_personalization_is_at_the_level_of_the_service(shop_events: Training) -> None:
    """The service's figures on these data: MRR .843, NDCG@25 .771, precision@25 .069, coverage .985."""
    personal = measured("aws-user-personalization", shop_events)
    popular = measured("aws-popularity-count", shop_events)
    assert popular[NDCG] < 0.15
    assert personal["mean_reciprocal_rank_at_25"] > 0.85
    assert personal[NDCG] > 0.8
    assert personal["precision_at_25"] > 0.13
    assert personal["coverage"] > 0.95
