"""Refusals: the share of each source that is kept out of raw, by reason, and the unknown status words.

Reads  `raw.company__rejects` beside `raw.company__orders`, for the windows since the last run that passed the gate.
Writes `ops.refusals` and `ops.status_words`, whose rows the suites of boundary raw check.
"""

from __future__ import annotations

from psycopg import Connection

from aisle.settings import get_settings
from aisle.warehouse import sql


def count(connection: Connection, run_key: str) -> None:
    """Count what is refused now, by source and reason. A repeated run replaces its earlier counts."""
    connection.execute(sql("ops/refusals/delete").encode(), {"run_key": run_key})
    values = {"run_key": run_key, **get_settings().refusal.model_dump()}
    connection.execute(sql("ops/refusals/count").encode(), values)
    connection.execute(sql("ops/status_words/refresh").encode())
