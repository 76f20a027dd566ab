"""Churn on the two years of Online Retail, as a figure that must not fall; benchmarks.churn.quality has the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aisle.churn.gate import decide
from aisle.churn.training import train
from aisle.settings import Churn
from aisle.warehouse import connect
from benchmarks.churn.retail import load_orders
from tests.integration.churn.conftest import build_features


@pytest.mark.timeout(900)
def test_s4_44_on_real_orders_the_model_beats_recency_and_goes_live(
    datasets: Path, warehouse_url: str, tmp_path: Path
) -> None:
    file = datasets / "online_retail" / "online_retail_two_years.parquet"
    assert load_orders(warehouse_url, file, every_nth_customer=4) > 10_000
    build_features(warehouse_url, tmp_path)
    settings = Churn()
    with connect(warehouse_url) as connection:
        trained: Any = train(connection, settings)
    assert trained.measured.n_customers > 1_000
    assert trained.measured.auc > 0.77
    assert trained.measured.auc > trained.recency.auc + 0.02
    assert trained.measured.brier < trained.recency.brier - 0.004
    assert decide(trained.measured, trained.recency, settings).passed
