"""Tables that have not changed since their last validation are not validated again: each export checks the same marts.

Whether they have changed is seen without reading them, by PostgreSQL's own counts of written rows. A session reports
those at its end, and within seconds while it lives; a build of the marts is told by its number besides.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from aisle.quality.suites import Suite
from aisle.quality.validation import CheckResult, check_result
from aisle.warehouse import sql
from aisle.warehouse.statements import SQL_ROOT

#: Where a passed check stays passed while its tables stay the same; at others, checks depend on the time or the run.
BOUNDARIES = ("marts",)
_STAGED = SQL_ROOT / "quality" / "staged.sql"


@dataclass(frozen=True)
class Earlier:
    """The results of a validation that still hold, and the run that has them."""

    run_key: str
    checks: tuple[CheckResult, ...]


def fingerprint(connection: Connection, suites: list[Suite]) -> str | None:
    """Return what identifies the state of the suites and of their tables; None if one of them is not a table."""
    documents = json.dumps([suite.document for suite in suites], sort_keys=True)
    digest = hashlib.sha256(documents.encode() + _STAGED.read_bytes()).hexdigest()
    values = {"tables": sorted({suite.table for suite in suites}), "suites": digest}
    row = connection.execute(sql("ops/validations/fingerprint").encode(), values).fetchone()
    return row[0] if row else None


def find(connection: Connection, boundary: str, state: str, suites: list[Suite]) -> Earlier | None:
    """Return the results of the newest validation if it was of this state and has every check of the suites."""
    values = {"boundary": boundary, "fingerprint": state}
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(sql("ops/validations/find").encode(), values).fetchall()
    results = {(row["suite"], row["check_id"]): row for row in rows}
    keys = [(suite, check) for suite in suites for check in suite.checks]
    if not keys or any((suite.name, check) not in results for suite, check in keys):
        return None
    checks = tuple(_result(suite, check, results[suite.name, check]) for suite, check in keys)
    return Earlier(rows[0]["run_key"], checks)


def remember(connection: Connection, boundary: str, state: str, run_key: str) -> None:
    """Keep that a run has validated the tables in this state, and that nothing stopped it."""
    values = {"boundary": boundary, "fingerprint": state, "run_key": run_key}
    connection.execute(sql("ops/validations/remember").encode(), values)


def _result(suite: Suite, check: str, row: dict[str, Any]) -> CheckResult:
    return check_result(suite, check, row["has_passed"], row["observed"] or {}, row["n_unexpected"])
