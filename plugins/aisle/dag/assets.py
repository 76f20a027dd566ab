"""The assets that connect the stages. Airflow draws them as one graph: Assets, raw_orders, Task Dependencies."""

from __future__ import annotations

from airflow.sdk import Asset

RAW_ORDERS = Asset(name="raw_orders", uri="aisle://raw/orders", group="ingest")
MARTS = Asset(name="marts", uri="aisle://marts", group="transform")
PERSONALIZE_INPUT = Asset(name="personalize_input", uri="aisle://personalize/input", group="export")
MODELS = Asset(name="models", uri="aisle://personalize/models", group="train")
BATCH_OUTPUT = Asset(name="batch_output", uri="aisle://personalize/batch-output", group="recommend")
EVENTS = Asset(name="events", uri="aisle://personalize/events", group="events")
CACHE = Asset(name="cache", uri="aisle://cache", group="publish")
CHURN_MODEL = Asset(name="churn_model", uri="aisle://churn/model", group="churn_train")
