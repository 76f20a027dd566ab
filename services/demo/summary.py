"""The outcome of a demo: counts of each stage, quality, model metrics, some customers, and whether all adds up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import Composable, Identifier

from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import CACHE_SCHEMA, sql
from services.demo.pipeline import StageState, Step

Connection = psycopg.Connection[dict[str, Any]]


@dataclass(frozen=True)
class GroupSummary:
    """The figures of one dataset group."""

    interactions: int
    customers_with_a_purchase: int
    customers_without_recommendations: int
    users_with_recommendations: int
    products_with_similar_items: int
    metrics: dict[str, dict[str, float]]
    examples: list[dict[str, Any]]

    def faults(self) -> list[str]:
        """Return what does not add up; empty if all is well."""
        return _unserved(self.customers_without_recommendations, self.customers_with_a_purchase)


@dataclass(frozen=True)
class Summary:
    """Everything that `.aisle/summary.json` holds. Where there are several `groups`, the rest is of the first."""

    orders: int
    order_lines: int
    merged: int
    rejected: int
    rejected_by_reason: dict[str, int]
    source_rows: int | None
    refused_rows: int
    customers: int
    customers_with_a_purchase: int
    customers_without_recommendations: int
    products: int
    interactions: int
    users_with_recommendations: int
    products_with_similar_items: int
    quality: dict[str, dict[str, Any]]
    metrics: dict[str, dict[str, float]]
    examples: list[dict[str, Any]]
    seconds_per_stage: dict[str, float]
    rows_per_stage: dict[str, int]
    seconds_to_start: float
    peak_memory_megabytes: float
    urls: dict[str, str]
    groups: dict[str, GroupSummary] = field(default_factory=dict)

    def faults(self) -> list[str]:
        """Return what does not add up; empty if all is well."""
        faults = []
        accounted = self.order_lines + self.merged + self.rejected
        if self.source_rows is not None and accounted != self.source_rows:
            faults.append(
                f"the company API has {self.source_rows} order items, but {self.order_lines} were loaded, "
                f"{self.merged} merged and {self.rejected} rejected, which makes {accounted}"
            )
        if self.groups:
            faults += [f"{name}: {fault}" for name, group in self.groups.items() for fault in group.faults()]
        else:
            faults += _unserved(self.customers_without_recommendations, self.customers_with_a_purchase)
        faults += [
            f"suite {name} is a stop suite and met only {suite['met']} of {suite['expectations']} expectations"
            for name, suite in self.quality.items()
            if suite["severity"] == "stop" and suite["met"] < suite["expectations"]
        ]
        return faults

    def write(self, path: Path) -> None:
        """Store as JSON, whole or not at all. The figures of a single group stand at the top only."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        written = {name: value for name, value in asdict(self).items() if name != "groups" or value}
        draft.write_text(json.dumps(written, indent=2) + "\n")
        draft.replace(path)


def _unserved(n_without: int, n_buyers: int) -> list[str]:
    return [f"{n_without} of {n_buyers} customers with a purchase have no recommendations"] if n_without else []


def summarise(
    warehouse_url: str,
    *,
    groups: Sequence[DatasetGroup],
    source_rows: int | None,
    refused_rows: int = 0,
    stages: list[StageState],
    seconds_to_start: float,
    peak_memory_megabytes: float,
    urls: dict[str, str],
) -> Summary:
    """Read the summary from the warehouse. `source_rows` is what the company API says it has (order items).

    `refused_rows` are those that it left out of its file.
    """
    with psycopg.connect(warehouse_url, row_factory=dict_row) as connection:
        of_groups = _of_groups(connection, groups)
        return Summary(
            **_rows(connection, "summary/counts")[0],
            **vars(of_groups[groups[0].name]),
            rejected_by_reason={row["reason"]: row["n_lines"] for row in _rows(connection, "summary/rejects")},
            source_rows=source_rows,
            refused_rows=refused_rows,
            quality={row.pop("suite"): row for row in _rows(connection, "summary/quality")},
            seconds_per_stage={stage.dag_id: round(stage.seconds, 2) for stage in stages},
            rows_per_stage={stage.dag_id: stage.rows for stage in stages},
            seconds_to_start=round(seconds_to_start, 2),
            peak_memory_megabytes=peak_memory_megabytes,
            urls=urls,
            groups=of_groups if len(of_groups) > 1 else {},
        )


def _of_groups(connection: Connection, groups: Sequence[DatasetGroup]) -> dict[str, GroupSummary]:
    rows = connection.execute(sql("cache/groups/list").encode()).fetchall()
    schemas = {groups[0].name: CACHE_SCHEMA} | {row["dataset_group"]: row["schema_name"] for row in rows}
    metrics = _metrics(_rows(connection, "summary/metrics"))
    asked = [group for group in groups if group.is_first or group.questions]
    return {group.name: _of_group(connection, group, schemas, metrics) for group in asked}


def _is_asked_about_users(group: DatasetGroup) -> bool:
    return any(question.kind == "users" for question in group.questions)


def _of_group(
    connection: Connection, group: DatasetGroup, schemas: Mapping[str, str], metrics: dict[str, dict[str, float]]
) -> GroupSummary:
    if group.name not in schemas:
        raise FinalError(
            f"Counting the lists of group {group.name}: cache.groups does not know it, so nothing was ever published "
            f"for it. Look at {group.dag_id('recommend')} and {group.dag_id('publish')} in Airflow."
        )
    parts = {"interactions": group.mart("interactions"), "cache": Identifier(schemas[group.name])}
    plain = {solution: solution.rpartition("/")[2] for solution in metrics}
    return GroupSummary(
        **_rows(
            connection,
            "summary/group_counts",
            parts,
            is_everybody=group.is_whole_shop,
            has_users=_is_asked_about_users(group),
        )[0],
        metrics={name: metrics[solution] for solution, name in plain.items() if solution == group.key(name)},
        examples=_rows(connection, "summary/customers", parts, is_everybody=group.is_whole_shop),
    )


def rows_of(warehouse_url: str, groups: Sequence[DatasetGroup], step: Step, since: datetime) -> int:
    """Return how many rows a step has written since a moment, by its receipts."""
    first, *further = (group.name for group in groups)
    names = {"dataset_group": step.group.name, "first_group": first, "further_groups": further}
    with psycopg.connect(warehouse_url, row_factory=dict_row) as connection:
        return int(_rows(connection, "summary/stage", None, stage=step.stage, since=since, **names)[0]["n_rows"])


def _rows(
    connection: Connection, name: str, parts: Mapping[str, Composable] | None = None, **values: Any
) -> list[dict[str, Any]]:
    return connection.execute(sql(name, **(parts or {})).encode(), values).fetchall()


def _metrics(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    by_solution: dict[str, dict[str, float]] = {}
    for row in rows:
        by_solution.setdefault(row["solution"], {})[row["metric"]] = row["value"]
    return by_solution
