"""Metric attribution: the value of events by metric, source and quarter of an hour.

The service reports bulk imports to S3 and single events to CloudWatch; here only imports are reported.
Source: developer guide, "Measuring the impact of recommendations".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from services.engine.errors import InvalidInput

BUCKET_SECONDS = 15 * 60
NO_SOURCE = "SOURCE_NAME_UNDEFINED"
HEADER = ("METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP")

_EXPRESSION = re.compile(
    r"\s*(?:(?P<count>SAMPLECOUNT)\s*\(\s*\)|SUM\s*\(\s*(?P<dataset>Items|Interactions)\s*\.\s*(?P<column>\w+)\s*\))\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a metric adds up: a column of a dataset type (in capitals), or the number of events if there is none."""

    dataset_type: str | None = None
    column: str | None = None


def parse_expression(text: str) -> Measure:
    """Parse `SUM(Items.PRICE)`, `SUM(Interactions.EVENT_VALUE)` or `SAMPLECOUNT()`. Raises InvalidInput."""
    matched = _EXPRESSION.fullmatch(text)
    if not matched:
        raise InvalidInput(
            f"The expression '{text}' is not a metric; write SUM(Items.COLUMN), SUM(Interactions.COLUMN) or "
            "SAMPLECOUNT()"
        )
    if matched["count"]:
        return Measure()
    return Measure(matched["dataset"].upper(), matched["column"].upper())


@dataclass(frozen=True, slots=True)
class Report:
    """Rows of `HEADER`, in order of metric, time and source."""

    rows: tuple[tuple[str, str, float, str, str, int], ...]

    def csv(self) -> bytes:
        """Write the report as a CSV file of the service's format; sources are quoted where necessary."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([HEADER, *self.rows])
        return text.getvalue().encode()


def report(metrics: Iterable[Mapping[str, str]], interactions: Any, items: Any) -> Report:
    """Compute the metrics of an attribution over some interactions.

    metrics       members eventType, metricName and expression, as in the API
    interactions  Arrow table of the dataset's columns
    items         the same with one row per id; None if the group has no Items dataset
    """
    rows = [row for metric in metrics for row in _rows(metric, interactions, items)]
    return Report(tuple(sorted(rows, key=lambda row: (row[0], row[5], row[4]))))


def file_name(method: str, timestamp: int) -> str:
    """Return the service's name for a report file; `method` is BULK or PUT."""
    return f"AggregatedAttributionMetrics - {method} - {timestamp}.csv"


def _rows(metric: Mapping[str, str], interactions: Any, items: Any) -> Iterable[tuple[str, str, float, str, str, int]]:
    if "EVENT_TYPE" not in interactions.column_names:
        return
    is_of_type = pc.equal(pc.utf8_lower(interactions["EVENT_TYPE"]), metric["eventType"].lower())
    events = interactions.filter(pc.fill_null(is_of_type, False))
    measure = parse_expression(metric["expression"])
    values = _values(measure, events, items)
    sources = pa.array([NO_SOURCE]).take(pa.nulls(len(events), pa.int64()))
    if "EVENT_ATTRIBUTION_SOURCE" in events.column_names:
        sources = events["EVENT_ATTRIBUTION_SOURCE"]
    table = pa.table({
        "source": pc.fill_null(sources, NO_SOURCE),
        "bucket": pc.multiply(pc.divide(events["TIMESTAMP"], BUCKET_SECONDS), BUCKET_SECONDS),
        "value": pc.cast(values, "float64"),
    })  # fmt: skip
    function = "sum" if measure.column else "samplecount"
    grouped = table.group_by(["source", "bucket"]).aggregate([("value", "sum")])
    name, event_type = metric["metricName"].upper(), metric["eventType"].upper()
    for total in grouped.to_pylist():
        yield name, event_type, float(total["value_sum"] or 0), function, total["source"], total["bucket"]


def _values(measure: Measure, events: Any, items: Any) -> Any:
    """Return what each event adds: 1, or a cell of the event or of its item; null adds nothing."""
    if measure.column is None:
        return pa.repeat(1.0, len(events))
    if measure.dataset_type == "INTERACTIONS":
        return events[measure.column]
    if items is None:
        return pa.nulls(len(events), pa.float64())
    return items[measure.column].take(pc.index_in(events["ITEM_ID"], value_set=items["ITEM_ID"]))
