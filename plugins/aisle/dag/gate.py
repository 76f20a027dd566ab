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
    boundary: str,
    inlets: list[Asset] | None = None,
    outlets: list[Asset] | None = None,
    group: DatasetGroup | None = None,
) -> Any:
    """Create the task `gate_<boundary>` in the surrounding DAG; bad data fails it, without retries.

    A boundary of which each group has its own, such as `batch_output`, is checked for one `group`. Once the gate has
    passed, each of the `outlets` gets an event with the run key.
    """

    @task(task_id=f"gate_{boundary}", inlets=inlets or [], outlets=outlets or [])
    def pass_gate(outlet_events: Any = None) -> None:
        from aisle.quality.gate import check_boundary  # noqa: PLC0415 - Great Expectations takes 3.4 s, parsing has 0.5

        run_key, url = run_key_of_context(), warehouse_url()
        with receipt(run_key, "quality", group.key(boundary) if group else boundary, url) as slip:
            result = check_boundary(boundary, url, run_key, get_settings().docs.directory, group)
            slip.rows_in, slip.rows_out = len(result.checks), result.n_passed
            slip.details = {"noted": [f"{check.suite}.{check.check}" for check in result.failed("note")]}
        for outlet in outlets or []:
            outlet_events[outlet].extra = {"run_key": run_key}

    return pass_gate()
