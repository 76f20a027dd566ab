"""Where a stage's tasks queue: their pool, and who goes first.

`include/airflow/pools.json` declares the pools of `aisle.pipeline`, and the embedded stack and the containers make them
of it before anything runs. A task of a pool that does not exist would wait for ever: `tools.dag_policy` refuses it.
"""

from __future__ import annotations

from typing import Any

from aisle.pipeline import BY_NAME, Stage


def place_of(stage: str) -> dict[str, Any]:
    """Return default arguments of a stage's tasks: their pool, and their place in the queue for the workers."""
    row = BY_NAME.get(stage, Stage(stage))
    return {
        "pool": row.pool,
        "priority_weight": row.priority,
        # Otherwise the first task of a long DAG would go before every task of a short one.
        "weight_rule": "absolute",
    }
