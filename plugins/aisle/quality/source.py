"""The warehouse as Great Expectations sees it: its batches, the tables that are staged for them, and few scans.

Checks of one batch are validated together, and their aggregates are one query. What queries sum up of a whole table is
staged before, once for all of them: include/sql/quality/staged.sql writes temporary tables of the gate's session.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from great_expectations.datasource.fluent import PostgresDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.registry import get_metric_provider
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import quote
from sqlalchemy import URL, StaticPool
from sqlalchemy.exc import DBAPIError

from aisle.quality.suites import Suite
from aisle.warehouse import sql
from aisle.warehouse.statements import statements

log = logging.getLogger(__name__)

#: Times are compared in UTC; grouping two million interactions should not spill to disk.
_SESSION_OPTIONS = "-c timezone=UTC -c work_mem=128MB"
_STAGED = "quality/staged"
_STAGED_TABLE = re.compile(r"\bpg_temp\.(\w+)")


@dataclass(frozen=True)
class Batch:
    """What checks are validated on: a table, which may be a staged one, or the rows of it that meet a condition."""

    table: str
    rows: str | None = None

    @property
    def name(self) -> str:
        return f"{self.table} where {self.rows}" if self.rows else self.table


class OneQueryEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc] # the library has no types for mypy
    """An engine that computes the aggregates of a batch in one query: they wait until nothing else is ready.

    The library's own computes those that are ready after each step of the graph of metrics, with a scan each time.
    """

    def resolve_metrics(
        self, metrics_to_resolve: Iterable[Any], metrics: Any = None, runtime_configuration: Any = None
    ) -> Any:
        others = [metric for metric in metrics_to_resolve if not self._is_aggregate(metric)]
        return super().resolve_metrics(others or metrics_to_resolve, metrics, runtime_configuration)

    def _is_aggregate(self, metric: Any) -> bool:
        _, function = get_metric_provider(metric.metric_name, self)
        return function is None


PostgresDatasource.execution_engine_override = OneQueryEngine


@contextmanager
def warehouse_source(context: Any, url: str, batches: Iterable[Batch]) -> Iterator[Any]:
    """Connect Great Expectations to the warehouse, in one session that has the staged tables of the batches."""
    source = context.data_sources.add_postgres(
        "warehouse", connection_string=_sqlalchemy_url(url), kwargs={"poolclass": StaticPool}
    )
    engine = source.get_execution_engine().engine
    try:
        _stage(engine, [name for batch in batches for name in _STAGED_TABLE.findall(batch.table)])
        yield source
    finally:
        engine.dispose()
        source.get_engine().dispose()


def batch_definition(source: Any, batch: Batch, own_rows: dict[str, str]) -> Any:
    """Return a batch as Great Expectations takes it; `own_rows` are the values in its condition."""
    if _STAGED_TABLE.match(batch.table):
        asset = source.add_query_asset(batch.name, query=f"select * from {batch.table}")
    elif batch.rows:
        condition = batch.rows % {name: quote(value) for name, value in own_rows.items()}
        asset = source.add_query_asset(batch.name, query=f"select * from {batch.table} where {condition}")
    else:
        schema, _, table = batch.table.partition(".")
        asset = source.add_table_asset(batch.name, schema_name=schema, table_name=table)
    return asset.add_batch_definition_whole_table("whole")


def batch_of(suite: Suite, expectation: dict[str, Any]) -> Batch:
    """Return what an expectation of a suite is validated on."""
    staged = expectation["meta"].get("of")
    return Batch(f"pg_temp.{staged}") if staged else Batch(suite.table, suite.rows)


def _stage(engine: Any, names: list[str]) -> None:
    """Write the staged tables, and those that they read. If one cannot be written, the checks that read it fail."""
    needed = _with_their_sources(names)
    for name in (name for name in statements(_STAGED) if name in needed):
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(sql(f"quality/staged/{name}"))
        except DBAPIError as error:
            log.warning("staged %s for the checks that read it, and the warehouse answered: %s", name, error.orig)


def _with_their_sources(names: Iterable[str]) -> set[str]:
    needed: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += _STAGED_TABLE.findall(sql(f"quality/staged/{name}"))
    return needed


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
