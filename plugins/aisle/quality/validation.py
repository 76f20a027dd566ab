"""Run suites with Great Expectations. No other module knows its objects.

Great Expectations is imported inside the functions: the import takes seconds, and Airflow imports this module often.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any

import great_expectations as gx
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.core.yaml_handler import YAMLHandler
from great_expectations.data_context.types.base import DataContextConfig
from great_expectations.validator.validation_statistics import calc_validation_statistics

from aisle.contracts.limits import CLOCK_TOLERANCE
from aisle.errors import ConfigurationError
from aisle.quality.source import Batch, batch_definition, batch_of, warehouse_source
from aisle.quality.suites import EXPECTATIONS_ROOT, Severity, Suite
from aisle.sources import sources

SAMPLE_SIZE = 5
#: Columns that identify a person. Logs, reports and results, which outlive an erasure, never show their values.
_PERSONAL_COLUMNS = frozenset({"user_id"})
_UNEXPECTED_ROWS = "unexpected_rows_expectation"
_FINDING = "finding"


@dataclass(frozen=True)
class CheckResult:
    """The result of one expectation of a suite."""

    suite: str
    table: str
    severity: Severity
    check: str
    description: str
    expectation: str
    column: str | None
    has_passed: bool
    observed: dict[str, Any]
    n_unexpected: int | None


@dataclass(frozen=True)
class Validation:
    """One run of a suite: its checks in the file's order, and Great Expectations' own result for the report page."""

    suite: Suite
    checks: tuple[CheckResult, ...]
    gx_result: Any


def validate(
    suites: list[Suite], url: str, run_key: str, moment: datetime, dataset_group: str = ""
) -> list[Validation]:
    """Run the suites against the warehouse at `url`; `moment` is the time that counts as now.

    Suites with a condition `rows` check the rows of `run_key` and `dataset_group` only.
    """
    checks_of = _checks_by_batch(suites)
    own_rows = {"run_key": run_key, "dataset_group": dataset_group}
    with _quiet_logs():
        context = _context()
        with warehouse_source(context, url, checks_of) as source:
            run = _Run(context, run_key, moment)
            results: dict[_Key, Any] = {}
            for batch, checks in checks_of.items():
                results |= run.validate(batch.name, batch_definition(source, batch, own_rows), checks)
    return [_validation(suite, results, run) for suite in suites]


#: A check of a suite: two suites of one table may use the same name.
_Key = tuple[str, str]


@dataclass(frozen=True)
class _Check:
    """An expectation as its suite file has it."""

    suite: Suite
    expectation: dict[str, Any]

    @property
    def key(self) -> _Key:
        return self.suite.name, self.expectation["meta"]["check"]

    @property
    def document(self) -> dict[str, Any]:
        return {**self.expectation, "meta": {**self.expectation["meta"], "suite": self.suite.name}}


def _checks_by_batch(suites: list[Suite]) -> dict[Batch, list[_Check]]:
    """Return the checks of the suites by what they are validated on: checks of a batch share its scan."""
    checks_of: dict[Batch, list[_Check]] = {}
    for suite in suites:
        for expectation in suite.document["expectations"]:
            checks_of.setdefault(batch_of(suite, expectation), []).append(_Check(suite, expectation))
    return checks_of


@dataclass(frozen=True)
class _Run:
    """What the validations of one gate have in common."""

    context: Any
    run_key: str
    moment: datetime

    def validate(self, name: str, batch: Any, checks: list[_Check]) -> dict[_Key, Any]:
        """Validate the checks of a batch together. Counting takes one scan, sampling one a check: sample the failed."""
        results = self._results(self._definition(name, batch, checks), sample_size=0)
        if missing := [check for check in checks if check.key not in results]:
            _refuse(missing)
        sampled = [check for check in checks if check.suite.shows_samples and not results[check.key].success]
        if sampled:
            definition = self._definition(f"{name}, failed", batch, sampled)
            failed = self._results(definition, SAMPLE_SIZE)
            _sample_rows(definition, failed)
            results |= failed
        return results

    def _definition(self, name: str, batch: Any, checks: list[_Check]) -> Any:
        suite = gx.ExpectationSuite(name=name, expectations=[check.document for check in checks])
        definition = gx.ValidationDefinition(name=name, data=batch, suite=self.context.suites.add(suite))
        return self.context.validation_definitions.add(definition)

    def _results(self, definition: Any, sample_size: int) -> dict[_Key, Any]:
        gx_result = definition.run(
            expectation_parameters=_parameters(self.moment),
            result_format={"result_format": "SUMMARY", "partial_unexpected_count": sample_size},
            run_id=self.run_id,
        )
        return {_key(result.expectation_config): result for result in gx_result.results}

    @property
    def run_id(self) -> RunIdentifier:
        return RunIdentifier(run_name=self.run_key, run_time=self.moment)


def _key(expectation: Any) -> _Key:
    return expectation.meta["suite"], expectation.meta["check"]


def _refuse(missing: list[_Check]) -> None:
    """Raise ConfigurationError: an expectation that is not valid is only logged, and left out."""
    names = sorted({check.suite.name for check in missing})
    raise ConfigurationError(
        f"gave the suites {', '.join(names)} to Great Expectations, which left out "
        f"{', '.join(check.key[1] for check in missing)}: its log says why; correct the files in expectations/suites"
    )


def _validation(suite: Suite, results: dict[_Key, Any], run: _Run) -> Validation:
    """Return the results of a suite, in the file's order, as if it had been validated alone."""
    own = [results[suite.name, check] for check in suite.checks]
    statistics = calc_validation_statistics(own)
    gx_result = ExpectationSuiteValidationResult(
        success=statistics.success,
        results=own,
        suite_name=suite.name,
        statistics=statistics._asdict(),
        meta={"run_id": run.run_id},
    )
    return Validation(suite, tuple(_check_result(suite, result) for result in own), gx_result)


def _sample_rows(definition: Any, results: dict[_Key, Any]) -> None:
    """Add the first unexpected rows, as texts, to the result of each failed query, where others have sampled values.

    Great Expectations returns rows only in its format COMPLETE, which for other expectations means every value.
    """
    failed = {
        key: result
        for key, result in results.items()
        if result.expectation_config.type == _UNEXPECTED_ROWS and result.result.get("observed_value")
    }
    if not failed:
        return
    batch = definition.data.get_batch()
    for expectation in definition.suite.expectations:
        if result := failed.get(_key(expectation)):
            whole = batch.validate(expectation, result_format={"result_format": "COMPLETE"})
            rows = whole.to_json_dict()["result"].get("details", {}).get("unexpected_rows", [])
            result.result["partial_unexpected_list"] = [_in_words(row) for row in rows[:SAMPLE_SIZE]]


def _in_words(row: dict[str, Any]) -> str:
    """Return a row as a person reads it, without user ids, and without characters that act on a terminal.

    A query may word its finding itself, in a column `finding`.
    """
    shown = {name: value for name, value in row.items() if value is not None and name not in _PERSONAL_COLUMNS}
    words = ", ".join(
        str(value) if name == _FINDING else f"{name.replace('_', ' ')} {value}" for name, value in shown.items()
    )
    return "".join(letter if letter.isprintable() else " " for letter in words)


def _parameters(moment: datetime) -> dict[str, Any]:
    """Return the values that suites may name as `{"$PARAMETER": …}`."""
    latest = moment + CLOCK_TOLERANCE
    return {
        "latest_moment": latest,
        "latest_epoch_seconds": int(latest.timestamp()),
        "sources": [source.name for source in sources()],
    }


def _check_result(suite: Suite, result: Any) -> CheckResult:
    config = result.expectation_config
    if _PERSONAL_COLUMNS.intersection(_columns(config.kwargs)):
        _forget_sample(result)
    observed = _storable(result.to_json_dict()["result"])
    failure = _failure(result.exception_info)
    if failure:
        observed["failure"] = failure
    return check_result(
        suite, config.meta["check"], bool(result.success), observed, _n_unexpected(config.type, observed)
    )


def check_result(
    suite: Suite, check: str, has_passed: bool, observed: dict[str, Any], n_unexpected: int | None
) -> CheckResult:
    """Return the result of a check of a suite, described as the suite's file has it."""
    expectation = suite.expectation(check)
    return CheckResult(
        suite=suite.name,
        table=suite.table,
        severity=suite.severity,
        check=check,
        description=expectation["description"],
        expectation=expectation["type"],
        column=", ".join(_columns(expectation["kwargs"])) or None,
        has_passed=has_passed,
        observed=observed,
        n_unexpected=n_unexpected,
    )


def _storable(value: Any) -> Any:
    """Return the value with NaN and Infinity as texts: JSON has no such numbers."""
    if isinstance(value, dict):
        return {name: _storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def _columns(kwargs: dict[str, Any]) -> list[str]:
    named = [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B"), *kwargs.get("column_list", [])]
    return [column for column in named if column]


def _forget_sample(result: Any) -> None:
    """Drop the sampled values and keep their count, before results and report page are made from it."""
    for key in [key for key in result.result if key.startswith("partial_unexpected")]:
        del result.result[key]


def _failure(exception_info: dict[str, Any]) -> str | None:
    """Return the error message of an expectation that could not be evaluated, else None.

    Great Expectations gives one per metric, or one for all, depending on where it failed.
    """
    infos = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    return next((str(info["exception_message"]) for info in infos if info["raised_exception"]), None)


def _n_unexpected(expectation: str, observed: dict[str, Any]) -> int | None:
    counted = observed.get("observed_value" if expectation == _UNEXPECTED_ROWS else "unexpected_count")
    return None if counted is None else int(counted)


def _context() -> Any:
    """Return an in-memory context of the project's configuration, so that gates can run at the same time."""
    configuration = YAMLHandler().load((EXPECTATIONS_ROOT / "great_expectations.yml").read_text())
    return gx.get_context(mode="ephemeral", project_config=DataContextConfig(**configuration))


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Silence Great Expectations' info log, which has over a hundred lines on import alone."""
    chatty = logging.getLogger("great_expectations")
    level = chatty.level
    chatty.setLevel(logging.WARNING)
    try:
        yield
    finally:
        chatty.setLevel(level)
