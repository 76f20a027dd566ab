"""The gate as an Airflow task."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, task

from aisle.dag.defaults import run_key_of_context
from aisle.groups.dataset_group import DatasetGroup, Kind
from aisle.ops.receipts import receipt
from aisle.settings import get_settings
from aisle.warehouse import warehouse_url


def gate(
    boundary: str,
    inlets: list[Asset] | None = None,
    outlets: list[Asset] | None = None,
    group: DatasetGroup | None = None,
    without: Any = None,
) -> Any:
    """Create the task `gate_<boundary>` in the surrounding DAG; bad data fails it, without retries.

    A boundary of which each group has its own, such as `batch_output`, is checked for one `group`; `without` has the
    kinds of lists that the run does not bring, whose tasks may be skipped. Once the gate has passed, each of the
    `outlets` gets an event with the run key.
    """

    rule = "all_success" if without is None else "none_failed"

    @task(task_id=f"gate_{boundary}", inlets=inlets or [], outlets=outlets or [], trigger_rule=rule)
    def pass_gate(without: dict[Kind, str] | None = None, outlet_events: Any = None) -> None:
        from aisle.quality.gate import check_boundary  # noqa: PLC0415 - Great Expectations takes 3.4 s, parsing has 0.5

        run_key, url = run_key_of_context(), warehouse_url()
        with receipt(run_key, "quality", group.key(boundary) if group else boundary, url) as slip:
            result = check_boundary(boundary, url, run_key, get_settings().docs.directory, group, without or ())
            slip.rows_in, slip.rows_out = len(result.checks), result.n_passed
            slip.details = {"noted": [f"{check.suite}.{check.check}" for check in result.failed("note")]}
            if result.validated_in:
                slip.details["validated_in"] = result.validated_in
        for outlet in outlets or []:
            outlet_events[outlet].extra = {"run_key": run_key}

    return pass_gate(without)
