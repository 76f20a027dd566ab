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
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.core.yaml_handler import YAMLHandler
from great_expectations.data_context.types.base import DataContextConfig
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import quote
from sqlalchemy import URL

from aisle.contracts.limits import CLOCK_TOLERANCE
from aisle.errors import ConfigurationError
from aisle.quality.suites import EXPECTATIONS_ROOT, Severity, Suite
from aisle.sources import sources

SAMPLE_SIZE = 5
#: Times are compared in UTC; grouping two million interactions should not spill to disk.
_SESSION_OPTIONS = "-c timezone=UTC -c work_mem=128MB"
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
    with _quiet_logs():
        context = _context()
        source = context.data_sources.add_postgres("warehouse", connection_string=_sqlalchemy_url(url))
        own_rows = {"run_key": run_key, "dataset_group": dataset_group}
        try:
            return [
                _validate_suite(context, _batch_of(source, suite, own_rows), suite, run_key, moment) for suite in suites
            ]
        finally:
            source.get_engine().dispose()


def _batch_of(source: Any, suite: Suite, own_rows: dict[str, str]) -> Any:
    """Return what a suite checks: its whole table, or the rows that meet its condition."""
    if suite.rows is None:
        schema, _, table = suite.table.partition(".")
        asset = source.add_table_asset(suite.name, schema_name=schema, table_name=table)
        return asset.add_batch_definition_whole_table("whole")
    condition = suite.rows % {name: quote(value) for name, value in own_rows.items()}
    asset = source.add_query_asset(suite.name, query=f"select * from {suite.table} where {condition}")
    return asset.add_batch_definition_whole_table("whole")


def _validate_suite(context: Any, batch: Any, suite: Suite, run_key: str, moment: datetime) -> Validation:
    definition = gx.ValidationDefinition(
        name=suite.name,
        data=batch,
        suite=context.suites.add(gx.ExpectationSuite(**suite.document)),
    )
    context.validation_definitions.add(definition)

    def run(sample_size: int) -> Any:
        return definition.run(
            expectation_parameters=_parameters(moment),
            result_format={"result_format": "SUMMARY", "partial_unexpected_count": sample_size},
            run_id=RunIdentifier(run_name=run_key, run_time=moment),
        )

    # Counting takes one scan for all expectations together, sampling one for each: sample only after a failure.
    gx_result = run(sample_size=0)
    if suite.shows_samples and not gx_result.success:
        gx_result = run(SAMPLE_SIZE)
        _sample_rows(definition, gx_result)
    if len(gx_result.results) != len(suite.checks):  # an expectation that is not valid is only logged, and left out
        raise ConfigurationError(
            f"gave suite {suite.name} with {len(suite.checks)} expectations to Great Expectations, which took "
            f"{len(gx_result.results)}: its log names the one at fault; correct expectations/suites/{suite.name}.json"
        )
    gx_result.results.sort(key=lambda result: suite.checks.index(result.expectation_config.meta["check"]))
    return Validation(suite, tuple(_check_result(suite, result) for result in gx_result.results), gx_result)


def _sample_rows(definition: Any, gx_result: Any) -> None:
    """Add the first unexpected rows, as texts, to the result of each failed query, where others have sampled values.

    Great Expectations returns rows only in its format COMPLETE, which for other expectations means every value.
    """
    failed = {
        result.expectation_config.meta["check"]: result
        for result in gx_result.results
        if result.expectation_config.type == _UNEXPECTED_ROWS and result.result.get("observed_value")
    }
    if not failed:
        return
    batch = definition.data.get_batch()
    for expectation in definition.suite.expectations:
        if result := failed.get(expectation.meta["check"]):
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
    columns = _columns(config.kwargs)
    if _PERSONAL_COLUMNS.intersection(columns):
        _forget_sample(result)
    observed = _storable(result.to_json_dict()["result"])
    failure = _failure(result.exception_info)
    if failure:
        observed["failure"] = failure
    return CheckResult(
        suite=suite.name,
        table=suite.table,
        severity=suite.severity,
        check=config.meta["check"],
        description=config.description,
        expectation=config.type,
        column=", ".join(columns) or None,
        has_passed=bool(result.success),
        observed=observed,
        n_unexpected=_n_unexpected(config.type, observed),
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


def _sqlalchemy_url(url: str) -> str:
    """Return `url`, a libpq URL or key-value string, for SQLAlchemy with psycopg 3 and the gates' session options."""
    parts: dict[str, Any] = conninfo_to_dict(url)
    parts["options"] = f"{parts.get('options', '')} {_SESSION_OPTIONS}".strip()
    return URL.create(
        "postgresql+psycopg",
        username=parts.pop("user", None),
        password=parts.pop("password", None),
        host=parts.pop("host", None),
        port=int(parts.pop("port", 5432)),
        database=parts.pop("dbname", None),
        query={key: str(value) for key, value in parts.items()},
    ).render_as_string(hide_password=False)


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
