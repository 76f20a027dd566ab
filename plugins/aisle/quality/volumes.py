"""Volumes: how much data crosses each boundary, compared with the last good run and the history of good runs.

measure(connection, "marts", "20240301T0600")    # ops.volumes: value, last good value, outcome; suites check the rows
mark_good(connection, "marts", "20240301T0600")  # the gate has passed: later runs are compared with this one
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from psycopg import Connection
from psycopg.sql import Identifier, Literal

from aisle.contracts.recommendations import LIST_TABLES
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import DatasetGroup, Kind
from aisle.settings import get_settings
from aisle.warehouse import CACHE_SCHEMA, list_parts, sql


@dataclass(frozen=True, slots=True)
class Accepted:
    """A measure whose new level a person has accepted."""

    measure: str
    value: int
    last_good_value: int | None


def measure(
    connection: Connection,
    boundary: str,
    run_key: str,
    group: DatasetGroup | None = None,
    without: Collection[Kind] = (),
) -> None:
    """Count the rows at a boundary and store the counts in `ops.volumes`, compared with earlier good runs.

    Lists of the kinds `without` were not staged: there are none of them now, whatever there was in earlier runs.
    """
    settings = get_settings().volume
    of_run = {"run_key": run_key, "prefix": group.key("") if group else ""}  # of the group's names in tables of `ops`
    measured: dict[str, int] = dict(
        row for query in _queries(boundary, group, without) for row in connection.execute(query.encode(), of_run)
    )
    values = {
        **_place(boundary, run_key, group),
        "measures": list(measured),
        "values": list(measured.values()),
        **settings.model_dump(),
    }
    connection.execute(sql("ops/volumes/compare").encode(), values)


def mark_good(connection: Connection, boundary: str, run_key: str, group: DatasetGroup | None = None) -> None:
    """Mark a run as good: later runs are compared with it."""
    connection.execute(sql("ops/volumes/mark_good").encode(), _place(boundary, run_key, group))


def accept(connection: Connection, boundary: str, run_key: str, group: DatasetGroup | None = None) -> list[Accepted]:
    """Make the newest measurement of a boundary the level that later runs are compared with.

    Raises ConfigurationError if nothing was measured there yet.
    """
    accepted = connection.execute(sql("ops/volumes/accept").encode(), _place(boundary, run_key, group)).fetchall()
    if not accepted:
        raise ConfigurationError(
            f"accepting the volumes of boundary {boundary!r}: no run has measured anything there"
            f"{f' for group {group.name}' if group else ''}; run the DAG whose gate checks it first"
        )
    return [Accepted(*row) for row in accepted]


def _place(boundary: str, run_key: str, group: DatasetGroup | None) -> dict[str, str]:
    return {"boundary": boundary, "run_key": run_key, "dataset_group": group.name if group else ""}


def _queries(boundary: str, group: DatasetGroup | None, without: Collection[Kind]) -> list[str]:
    """Return the statements that measure a boundary; each returns rows of (measure, value)."""
    if boundary != "batch_output":
        return [sql(f"ops/volumes/measure_{boundary}")]
    schema = Identifier(group.cache_schema if group else CACHE_SCHEMA)
    kinds = [question.kind for question in group.questions] if group else list(LIST_TABLES)
    return [
        sql("ops/volumes/measure_lists", cache=schema, kind=Literal(kind), **list_parts(LIST_TABLES[kind]))
        for kind in kinds
        if kind not in without
    ]
