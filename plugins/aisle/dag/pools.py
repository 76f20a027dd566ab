"""Airflow's pools: how many tasks may lean on one neighbour at a time, and who goes first when there is a queue.

`include/airflow/pools.json` declares them, and the embedded stack and the containers make them of it before anything
runs. A task of a pool that does not exist would wait for ever, so `tools.dag_policy` refuses it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from aisle.settings import PROJECT_ROOT

WAREHOUSE: Final = "warehouse"
PERSONALIZE: Final = "personalize"
COMPANY_API: Final = "company_api"
BACKFILL: Final = "backfill"

DECLARATION = PROJECT_ROOT / "include" / "airflow" / "pools.json"

#: The pool of a leg's tasks, unless a task names another one.
_POOLS = {
    "ingest": COMPANY_API,
    "events": COMPANY_API,
    "backfill": BACKFILL,
    "resources": PERSONALIZE,
    "teardown": PERSONALIZE,
}

#: Who gets the next free worker: those whom a clock of minutes or a person waits for, and last what can wait.
_USUAL_PRIORITY = 5
_PRIORITIES = {
    "events": 10, "ingest": 10, "accept": 10, "invalidate": 10, "rollback": 10, "backfill": 1, "maintain": 1,
}  # fmt: skip


def place_of(leg: str) -> dict[str, Any]:
    """Default arguments of a leg's tasks: their pool, and their place in the queue before it and before the workers."""
    return {
        "pool": _POOLS.get(leg, WAREHOUSE),
        "priority_weight": _PRIORITIES.get(leg, _USUAL_PRIORITY),
        # Otherwise the first task of a long DAG would go before every task of a short one.
        "weight_rule": "absolute",
    }


def declared_pools() -> set[str]:
    """Names of the pools that every Airflow of the line has."""
    return set(json.loads(DECLARATION.read_text()))
