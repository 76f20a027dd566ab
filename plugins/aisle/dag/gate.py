"""The gate as an Airflow task."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, task

from aisle.dag.defaults import run_key_of_context
from aisle.groups.dataset_group import DatasetGroup
from aisle.ops.receipts import receipt
from aisle.settings import get_settings
from aisle.warehouse import warehouse_url


def gate(
    border: str,
    inlets: list[Asset] | None = None,
    outlets: list[Asset] | None = None,
    group: DatasetGroup | None = None,
) -> Any:
    """Create the task `gate_<border>` in the surrounding DAG; bad data fails it, without retries.

    A border that every group has for itself, as `batch_output` is, is checked for one `group`.

    Each of the `outlets` gets an event that carries the run key, once the gate is passed.
    """

    @task(task_id=f"gate_{border}", inlets=inlets or [], outlets=outlets or [])
    def pass_gate(outlet_events: Any = None) -> None:
        from aisle.quality.gate import run_border

        run_key, url = run_key_of_context(), warehouse_url()
        with receipt(run_key, "quality", group.key(border) if group else border, url) as slip:
            result = run_border(border, url, run_key, get_settings().docs.directory, group)
            slip.rows_in, slip.rows_out = len(result.checks), result.n_met
            slip.details = {"noted": [f"{check.suite}.{check.check}" for check in result.unmet("note")]}
        for outlet in outlets or []:
            outlet_events[outlet].extra = {"run_key": run_key}

    return pass_gate()
