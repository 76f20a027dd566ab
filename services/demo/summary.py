"""What a walk came to: counts of each stage, quality, model metrics, some customers, and whether it all adds up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from aisle.warehouse import sql
from services.demo.line import LegState


@dataclass(frozen=True)
class Summary:
    """Everything that `.aisle/summary.json` holds."""

    orders: int
    order_lines: int
    merged: int
    rejected: int
    rejected_by_reason: dict[str, int]
    source_rows: int | None
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
    seconds_per_leg: dict[str, float]
    rows_per_leg: dict[str, int]
    seconds_to_start: float
    peak_memory_megabytes: float
    urls: dict[str, str]

    def faults(self) -> list[str]:
        """What does not add up; empty when all is well."""
        found = []
        accounted = self.order_lines + self.merged + self.rejected
        if self.source_rows is not None and accounted != self.source_rows:
            found.append(
                f"the company API has {self.source_rows} order lines, but {self.order_lines} were loaded, "
                f"{self.merged} merged and {self.rejected} rejected, which makes {accounted}"
            )
        if self.customers_without_recommendations:
            found.append(
                f"{self.customers_without_recommendations} of {self.customers_with_a_purchase} customers with a "
                "purchase have no recommendations"
            )
        found += [
            f"suite {name} is a stop suite and met only {suite['met']} of {suite['expectations']} expectations"
            for name, suite in self.quality.items()
            if suite["severity"] == "stop" and suite["met"] < suite["expectations"]
        ]
        return found

    def write(self, path: Path) -> None:
        """Store as JSON, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(path)


def summarise(
    warehouse_url: str,
    *,
    source_rows: int | None,
    legs: list[LegState],
    seconds_to_start: float,
    peak_memory_megabytes: float,
    urls: dict[str, str],
) -> Summary:
    """Read the summary off the warehouse. `source_rows` is what the company API says it has (order lines)."""
    with psycopg.connect(warehouse_url, row_factory=dict_row) as connection:
        return Summary(
            **_rows(connection, "counts")[0],
            rejected_by_reason={row["reason"]: row["n_lines"] for row in _rows(connection, "rejects")},
            source_rows=source_rows,
            quality={row.pop("suite"): row for row in _rows(connection, "quality")},
            metrics=_metrics(_rows(connection, "metrics")),
            examples=_rows(connection, "customers"),
            seconds_per_leg={leg.leg: round(leg.seconds, 2) for leg in legs},
            rows_per_leg={leg.leg: leg.rows for leg in legs},
            seconds_to_start=round(seconds_to_start, 2),
            peak_memory_megabytes=peak_memory_megabytes,
            urls=urls,
        )


def rows_of(warehouse_url: str, leg: str, since: datetime) -> int:
    """How many rows a leg has written since a moment, by its receipts."""
    with psycopg.connect(warehouse_url, row_factory=dict_row) as connection:
        return int(_rows(connection, "leg", leg=leg, since=since)[0]["n_rows"])


def _rows(connection: psycopg.Connection[dict[str, Any]], name: str, **values: Any) -> list[dict[str, Any]]:
    return connection.execute(sql(f"summary/{name}").encode(), values).fetchall()


def _metrics(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    by_solution: dict[str, dict[str, float]] = {}
    for row in rows:
        by_solution.setdefault(row["solution"], {})[row["metric"]] = row["value"]
    return by_solution
