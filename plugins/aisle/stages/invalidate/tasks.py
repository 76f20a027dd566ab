"""The task of the invalidate DAG."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, task

from aisle.dag.assets import CACHE
from aisle.dag.defaults import asked_by, run_key_of_context
from aisle.dag.groups import asset_of
from aisle.groups.dataset_group import ALL_GROUPS, DatasetGroup, dataset_group, dataset_groups
from aisle.ops.interventions import Intervention
from aisle.ops.receipts import receipt
from aisle.stages.invalidate.lists import invalidate, lists_of
from aisle.warehouse import connect


def params() -> dict[str, Param]:
    """Return the DAG's params: the lists, the group and the reason."""
    names = [ALL_GROUPS, *(group.name for group in dataset_groups())]
    return {
        "dataset_group": Param(
            ALL_GROUPS, type="string", enum=names, description="Whose cache it is; all: every group's"
        ),
        "what": Param("user", type="string", enum=["user", "item", "all"], description="Whose lists are to go"),
        "key": Param(None, type=["null", "string"], description="The item's id; empty for a user or all"),
        "user_hash": Param(
            None,
            type=["null", "string"],
            pattern="^[0-9a-f]{64}$",
            description="What `aisle user-hash` prints for the user's id; never the id: params stay in Airflow",
        ),
        "reason": Param(type="string", minLength=1, description="Why; stored beside who asked for it"),
    }


def remove_from_caches() -> Any:
    """Create the task `remove_lists`, which may write any group's cache."""
    return remove_lists.override(outlets=[asset_of(group, CACHE) for group in dataset_groups()])()


@task
def remove_lists(params: Any = None, outlet_events: Any = None) -> int:
    """Take the lists out of the live caches, and keep who asked for it in the same transaction."""
    lists = lists_of(params["what"], params["key"], params["user_hash"])
    run_key, groups = run_key_of_context(), _groups(params)
    subject = str(lists) if params["dataset_group"] == ALL_GROUPS else groups[0].key(str(lists))
    with receipt(run_key, "invalidate", lists.what) as slip, connect() as connection:
        asked = Intervention(run_key, "invalidation", subject, asked_by(), params["reason"])
        asked.begin(connection)
        slip.rows_out = invalidate(connection, lists, groups)
        asked.finish(connection, f"{slip.rows_out} lists removed")
    for group in groups:
        outlet_events[asset_of(group, CACHE)].extra = {"run_key": run_key}
    return slip.rows_out


def _groups(params: Any) -> list[DatasetGroup]:
    name = params["dataset_group"]
    return list(dataset_groups()) if name == ALL_GROUPS else [dataset_group(name)]
