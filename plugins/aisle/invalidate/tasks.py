"""The task of the invalidate DAG."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, task

from aisle.assets import CACHE
from aisle.dag_defaults import asked_by, run_key_of_context
from aisle.interventions import Intervention
from aisle.invalidate.lists import invalidate, lists_of
from aisle.receipts import receipt
from aisle.warehouse import connect

PARAMS: dict[str, Param] = {
    "what": Param("user", type="string", enum=["user", "item", "all"], description="Whose lists are to go"),
    "key": Param(None, type=["null", "string"], description="The user's or the item's id; empty for all"),
    "reason": Param("", type="string", description="Why; stored beside who asked for it"),
}


@task(outlets=[CACHE])
def remove_lists(params: Any = None, outlet_events: Any = None) -> int:
    """Take the lists out of the live cache, and keep who asked for it in the same transaction."""
    lists, run_key = lists_of(params["what"], params["key"]), run_key_of_context()
    with receipt(run_key, "invalidate", lists.what) as slip, connect() as connection:
        asked = Intervention(run_key, "invalidation", str(lists), asked_by(), params["reason"])
        asked.begin(connection)
        slip.rows_out = invalidate(connection, lists)
        asked.finish(connection, f"{slip.rows_out} lists removed")
    outlet_events[CACHE].extra = {"run_key": run_key}
    return slip.rows_out
