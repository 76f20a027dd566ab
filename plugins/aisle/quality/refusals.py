"""Refusals: which part of each source is kept out of raw, for which reason, and by which unknown status words.

Reads  `raw.company__rejects` beside `raw.company__orders`, of the time that the windows since the last good gate cover.
Writes `ops.refusals` and `ops.status_words`, whose rows the suites of the raw boundary judge.
"""

from __future__ import annotations

from psycopg import Connection

from aisle.settings import get_settings
from aisle.warehouse import sql


def count(connection: Connection, run_key: str) -> None:
    """Count what is refused now, per source and reason. A run that counts again replaces what it counted."""
    connection.execute(sql("ops/refusals/delete").encode(), {"run_key": run_key})
    values = {"run_key": run_key, **get_settings().refusal.model_dump()}
    connection.execute(sql("ops/refusals/count").encode(), values)
    connection.execute(sql("ops/status_words/refresh").encode())
