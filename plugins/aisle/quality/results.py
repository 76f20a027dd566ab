"""`ops.quality_results`: one row per expectation and run, for the report and for later questions."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aisle.quality.validation import CheckResult, Validation
from aisle.warehouse import connect, sql


def store_results(url: str, run_key: str, validations: list[Validation]) -> None:
    """Write all results in one transaction. A repeated run replaces the rows of its first attempt.

    So does another group's run under the same key, which checks the same marts at the same time.
    """
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(sql("ops/quality_results/take_turns").encode(), {"run_key": run_key})
        for validation in validations:
            cursor.execute(
                sql("ops/quality_results/delete").encode(), {"run_key": run_key, "suite": validation.suite.name}
            )
            cursor.executemany(
                sql("ops/quality_results/insert").encode(), [_row(run_key, check) for check in validation.checks]
            )


def newest_runs(url: str, n_runs: int) -> list[dict[str, Any]]:
    """Return the newest runs of each suite with their counts, newest first."""
    with connect(url) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("ops/quality_results/newest_runs").encode(), {"n_runs": n_runs}).fetchall()


def _row(run_key: str, check: CheckResult) -> dict[str, Any]:
    return {
        "run_key": run_key,
        "suite": check.suite,
        "severity": check.severity,
        "check_id": check.check,
        "expectation": check.expectation,
        "column_name": check.column,
        "has_passed": check.has_passed,
        "observed": Jsonb(check.observed),
        "n_unexpected": check.n_unexpected,
    }
