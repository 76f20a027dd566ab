"""The task of the accept DAG."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Param, task

from aisle.dag.defaults import asked_by, run_key_of_context
from aisle.groups.dataset_group import dataset_group, dataset_groups
from aisle.ops.interventions import Intervention
from aisle.ops.receipts import receipt
from aisle.quality import volumes
from aisle.quality.suites import BOUNDARIES, GROUP_BOUNDARIES
from aisle.warehouse import connect

log = logging.getLogger(__name__)


def params() -> dict[str, Param]:
    """Return the DAG's params: the boundary, the group and the reason."""
    names = [group.name for group in dataset_groups()]
    return {
        "boundary": Param(
            "marts",
            type="string",
            enum=list(BOUNDARIES),
            description="Whose newest volumes are right, as its gate names it",
        ),
        "dataset_group": Param(
            names[0], type="string", enum=names, description="Whose boundary; raw and marts belong to all groups"
        ),
        "reason": Param(type="string", minLength=1, description="Why; stored beside who accepted it"),
    }


@task
def accept_volumes(params: Any = None) -> dict[str, int]:
    """Make the newest volumes of a boundary the level to compare with. Returns them by measure."""
    boundary, run_key = params["boundary"], run_key_of_context()
    group = dataset_group(params["dataset_group"]) if boundary in GROUP_BOUNDARIES else None
    subject = group.key(boundary) if group else boundary
    with receipt(run_key, "accept", subject) as slip, connect() as connection:
        asked = Intervention(run_key, "acceptance", subject, asked_by(), params["reason"])
        levels = volumes.accept(connection, boundary, run_key, group)
        before = ", ".join(f"{level.measure} {level.last_good_value}" for level in levels)
        asked.begin(connection, before)
        asked.finish(connection, ", ".join(f"{level.measure} {level.value}" for level in levels))
        slip.rows_out = len(levels)
    for level in levels:
        log.info("accepted %s of %s: %s, was %s", level.measure, subject, level.value, level.last_good_value)
    return {level.measure: level.value for level in levels}
