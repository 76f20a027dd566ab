"""A gate: run all suites of a boundary, store their results, then stop at bad data or note it.

result = check_boundary("marts", url, run_key, docs_directory)   # raises GateStopped if a stop suite failed
"""

from __future__ import annotations

import logging
import reprlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aisle.errors import ContractBroken, GateStopped
from aisle.groups.dataset_group import DatasetGroup, Kind
from aisle.quality import refusals, unchanged, volumes
from aisle.quality.data_docs import write_data_docs
from aisle.quality.groups import suites_of_group
from aisle.quality.results import store_results
from aisle.quality.suites import Severity, Suite, suites_of
from aisle.quality.validation import CheckResult, validate
from aisle.warehouse import connect, sql

log = logging.getLogger(__name__)

#: How many failed expectations an error lists; the results and the Data Docs have all of them.
SPELLED_OUT = 5


@dataclass(frozen=True)
class BoundaryResult:
    """The results of all suites of a boundary in one run."""

    boundary: str
    run_key: str
    checks: tuple[CheckResult, ...]
    #: The run that has validated tables that have not changed since; None: this one.
    validated_in: str | None = None

    @property
    def n_passed(self) -> int:
        return sum(check.has_passed for check in self.checks)

    def failed(self, severity: Severity) -> list[CheckResult]:
        return [check for check in self.checks if check.severity == severity and not check.has_passed]


def check_boundary(
    boundary: str,
    url: str,
    run_key: str,
    docs_directory: Path,
    group: DatasetGroup | None = None,
    without: Collection[Kind] = (),
) -> BoundaryResult:
    """Check a boundary; of one group, where each group has its own tables, `without` kinds of lists that it lacks.

    `docs_directory` is the root of the reports' site; the pages go to its folder `quality`.

    Raises GateStopped if a stop suite failed, after every suite ran and the results and pages were written. A run that
    passes becomes a reference for the volumes of later runs.
    """
    suites = suites_of_group(boundary, group, without) if group else suites_of(boundary)
    _require_tables(url, suites)
    _measure(boundary, url, run_key, group, without)
    state, earlier = _unchanged(boundary, url, suites)
    pending = [suite for suite in suites if suite.rows] if earlier else suites
    validations = validate(pending, url, run_key, datetime.now(UTC), group.name if group else "")
    store_results(url, run_key, validations)
    index = write_data_docs(docs_directory / "quality", url, run_key, validations)
    checks = tuple(check for validation in validations for check in validation.checks)
    result = BoundaryResult(boundary, run_key, checks)
    if earlier:
        result = BoundaryResult(boundary, run_key, earlier.checks + checks, earlier.run_key)
        log.info("the tables of %s are unchanged since run %s, whose results hold", boundary, earlier.run_key)
    for check in result.failed("note"):
        log.warning("noted at the gate %s: %s", boundary, describe(check))
    if result.failed("stop"):
        raise GateStopped(_stop_message(result, suites, index))
    with connect(url) as connection:
        volumes.mark_good(connection, boundary, run_key, group)
        if state and not earlier:
            unchanged.remember(connection, boundary, state, run_key)
    log.info("gate %s: %s of %s expectations passed, pages in %s", boundary, result.n_passed, len(result.checks), index)
    return result


def _unchanged(boundary: str, url: str, suites: list[Suite]) -> tuple[str | None, unchanged.Earlier | None]:
    """Return the state of the tables of a boundary, and the results of an earlier run that still hold."""
    lasting = [suite for suite in suites if not suite.rows]
    if boundary not in unchanged.BOUNDARIES:
        return None, None
    with connect(url) as connection:
        state = unchanged.fingerprint(connection, lasting)
        return state, unchanged.find(connection, boundary, state, lasting) if state else None


def _measure(boundary: str, url: str, run_key: str, group: DatasetGroup | None, without: Collection[Kind]) -> None:
    """Count what the suites of volumes and refusals check."""
    with connect(url) as connection:
        if boundary == "raw":
            refusals.count(connection, run_key)
        volumes.measure(connection, boundary, run_key, group, without)


def describe(check: CheckResult) -> str:
    """Describe a failed check in one line: suite, expectation, column, counts, and a sample if allowed."""
    where = f"{check.expectation} of {check.column}" if check.column else check.expectation
    return f"{check.suite}.{check.check} ({where} in {check.table}: {check.description}): {_finding(check)}"


def _finding(check: CheckResult) -> str:
    observed = check.observed
    if "failure" in observed:
        return f"could not be evaluated, {observed['failure']}"
    if check.n_unexpected is None:
        return f"found {observed.get('observed_value')}"
    if "element_count" not in observed:
        rows = observed.get("partial_unexpected_list", [])
        return f"unexpected rows: {check.n_unexpected}" + (f": {'; '.join(rows)}" if rows else "")
    return f"{check.n_unexpected} of {observed['element_count']} unexpected" + _sample(observed)


def _sample(observed: dict[str, Any]) -> str:
    """Name the distinct unexpected values, long ones shortened; empty if there is none."""
    values = list(dict.fromkeys(reprlib.repr(value) for value in observed.get("partial_unexpected_list", [])))
    return f", such as {', '.join(values)}" if values else ""


def _stop_message(result: BoundaryResult, suites: list[Suite], index: Path) -> str:
    failed = result.failed("stop")
    listed = [f"- {describe(check)}" for check in failed[:SPELLED_OUT]]
    if len(failed) > SPELLED_OUT:
        listed.append(f"- and {len(failed) - SPELLED_OUT} more")
    stopped_by = {check.suite for check in failed}
    advice = dict.fromkeys(
        f"{suite.name} ({suite.owner}): {suite.advice}" for suite in suites if suite.name in stopped_by
    )
    return "\n".join(
        [
            f"checked the boundary {result.boundary!r} for run {result.run_key}: {len(failed)} of {len(result.checks)} "
            "expectations failed that stop the pipeline:",
            *listed,
            f"Nothing after the gate has run. See {index}, fix the data or the suite, and clear this task.",
            *advice,
        ]
    )


def _require_tables(url: str, suites: list[Suite]) -> None:
    """Raise ContractBroken naming the missing tables; Great Expectations' own error would not name the cause."""
    table_exists = sql("ops/quality_results/table_exists").encode()
    with connect(url) as connection:
        missing = sorted(
            {
                suite.table
                for suite in suites
                if connection.execute(table_exists, {"table": suite.table}).fetchone() != (True,)
            }
        )
    if missing:
        raise ContractBroken(
            f"looked for the tables of boundary {suites[0].boundary!r} in the warehouse, and {', '.join(missing)} "
            "does not exist: run the stage that writes it first"
        )
