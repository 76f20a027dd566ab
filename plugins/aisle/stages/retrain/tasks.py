"""Steps of the DAG `retrain`: measure change, and start training early where it is due."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from aisle.dag.assets import MARTS, MODELS
from aisle.dag.defaults import run_key_of_context
from aisle.dag.groups import asset_of, group_of_context
from aisle.groups.dataset_group import DatasetGroup
from aisle.models.drift import learned_by_live, measure_drift, next_training_at, reasons_to_train
from aisle.ops.receipts import receipt
from aisle.settings import get_settings

log = logging.getLogger(__name__)


def measure_change(group: DatasetGroup) -> Any:
    """Create the task that compares a group's newest interactions with the live models' training data."""
    inlets = [MARTS, asset_of(group, MODELS)]
    return compare_with_learned.override(task_id="measure_change", inlets=inlets)()


@task(multiple_outputs=True)
def compare_with_learned() -> dict[str, Any]:
    """Compare the newest interactions with the live models' training data. Return the reasons to train."""
    group, settings = group_of_context(), get_settings().evaluate
    learned = learned_by_live(group)
    if learned is None:
        raise AirflowSkipException("No model is live, so there is nothing to compare with: training makes the first")
    with receipt(run_key_of_context(), "retrain", group.key("drift")) as slip:
        drift = measure_drift(group, learned, settings)
        reasons = reasons_to_train(learned, drift, settings)
        slip.rows_in = drift.n_before + drift.n_after
        slip.details = {**asdict(drift), "reasons": reasons}
    log.info("since %s: %s; reasons to train: %s", learned.learned_until, drift, reasons or "none")
    return {"reasons": reasons}


@task(multiple_outputs=True)
def decide_to_train(reasons: list[str]) -> dict[str, str]:
    """Return why training starts now. Skipped if it is not due, or the last training is too recent."""
    if not reasons:
        raise AirflowSkipException("What the live models have learned still holds")
    group = group_of_context()
    waits_until = next_training_at(group, get_settings().evaluate)
    if waits_until:
        raise AirflowSkipException(
            f"Training is due ({'; '.join(reasons)}), but not before {waits_until:%Y-%m-%d %H:%M}"
        )
    reason = "; ".join(reasons)
    with receipt(run_key_of_context(), "retrain", group.key("retrain")) as slip:
        slip.details = {"reason": reason}
    return {"reason": reason}


def start_training(group: DatasetGroup, decided: Any) -> TriggerDagRunOperator:
    """Create the task that starts the group's `train`, with the reason in its params."""
    return TriggerDagRunOperator(
        task_id="start_training",
        trigger_dag_id=group.dag_id("train"),
        trigger_run_id="due__{{ run_id }}",
        conf={"reason": decided["reason"]},
        skip_when_already_exists=True,
        note="Started by `retrain`, because training was due; the params say why.",
    )
