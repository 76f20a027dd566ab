"""A gate: all suites of one border run, their results are kept, and then bad data stops here or is noted.

result = run_border("marts", url, run_key, docs_directory)   # raises GateStopped if a stop suite is unmet
"""

from __future__ import annotations

import logging
import reprlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aisle.errors import ContractBroken, GateStopped
from aisle.groups.dataset_group import DatasetGroup
from aisle.quality import refusals, volumes
from aisle.quality.data_docs import write_data_docs
from aisle.quality.groups import suites_of_group
from aisle.quality.results import store_results
from aisle.quality.suites import Severity, Suite, suites_of
from aisle.quality.validation import CheckResult, validate
from aisle.warehouse import connect, sql

log = logging.getLogger(__name__)

#: How many unmet expectations an error spells out; all of them are in the results and the Data Docs.
SPELLED_OUT = 5


@dataclass(frozen=True)
class BorderResult:
    """What all suites of one border found in one run."""

    border: str
    run_key: str
    checks: tuple[CheckResult, ...]

    @property
    def n_met(self) -> int:
        return sum(check.is_met for check in self.checks)

    def unmet(self, severity: Severity) -> list[CheckResult]:
        return [check for check in self.checks if check.severity == severity and not check.is_met]


def run_border(
    border: str, url: str, run_key: str, docs_directory: Path, group: DatasetGroup | None = None
) -> BorderResult:
    """Check one border, of one group where each has its own.

    `docs_directory` is the root of the site of reports, whose part `quality` is written.

    Raises GateStopped if a stop suite is unmet: after every suite ran, and after results and pages were written. A run
    that is not stopped becomes one that the volumes of later runs are compared with.
    """
    suites = suites_of_group(border, group) if group else suites_of(border)
    _require_tables(url, suites)
    _measure(border, url, run_key, group)
    validations = validate(suites, url, run_key, datetime.now(UTC), group.name if group else "")
    store_results(url, run_key, validations)
    index = write_data_docs(docs_directory / "quality", url, run_key, validations)
    result = BorderResult(border, run_key, tuple(check for validation in validations for check in validation.checks))
    for check in result.unmet("note"):
        log.warning("noted at the gate %s: %s", border, describe(check))
    if result.unmet("stop"):
        raise GateStopped(_stop_message(result, suites, index))
    with connect(url) as connection:
        volumes.mark_good(connection, border, run_key, group)
    log.info("gate %s: %s of %s expectations met, pages in %s", border, result.n_met, len(result.checks), index)
    return result


def _measure(border: str, url: str, run_key: str, group: DatasetGroup | None) -> None:
    """Count what the suites of volumes and refusals judge."""
    with connect(url) as connection:
        if border == "raw":
            refusals.count(connection, run_key)
        volumes.measure(connection, border, run_key, group)


def describe(check: CheckResult) -> str:
    """One line: suite, expectation, column, counts, and a sample where the suite allows one."""
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
    """Some distinct values, long ones shortened."""
    values = list(dict.fromkeys(reprlib.repr(value) for value in observed.get("partial_unexpected_list", [])))
    return f", such as {', '.join(values)}" if values else ""


def _stop_message(result: BorderResult, suites: list[Suite], index: Path) -> str:
    unmet = result.unmet("stop")
    lines = [f"- {describe(check)}" for check in unmet[:SPELLED_OUT]]
    if len(unmet) > SPELLED_OUT:
        lines.append(f"- and {len(unmet) - SPELLED_OUT} more")
    stopped_by = {check.suite for check in unmet}
    remedies = dict.fromkeys(suite.remedy for suite in suites if suite.name in stopped_by and suite.remedy)
    return "\n".join(
        [
            f"checked the border {result.border!r} for run {result.run_key}: {len(unmet)} of {len(result.checks)} "
            "expectations that stop the line are unmet:",
            *lines,
            f"Nothing behind the gate was touched. See {index}, mend the data or the suite, and clear this task.",
            *remedies,
        ]
    )


def _require_tables(url: str, suites: list[Suite]) -> None:
    """A missing table would otherwise come back as an error from deep inside Great Expectations."""
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
            f"looked for the tables of border {suites[0].border!r} in the warehouse, and {', '.join(missing)} "
            "does not exist: run the stage that writes it first"
        )
