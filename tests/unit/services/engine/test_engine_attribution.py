from __future__ import annotations

import pyarrow as pa
import pytest

from services.engine.data.attribution import NO_SOURCE, parse_expression, report
from services.engine.errors import InvalidInput

EVENTS = pa.table({
    "USER_ID": ["u"] * 5,
    "ITEM_ID": ["i1", "i1", "i2", "i9", "i1"],
    "EVENT_TYPE": ["Watch", "watch", "watch", "watch", "skip"],
    "EVENT_VALUE": [1.0, 2.0, None, 4.0, 8.0],
    "TIMESTAMP": [0, 899, 900, 901, 902],
    "EVENT_ATTRIBUTION_SOURCE": ["shelf", None, "shelf", "shelf", "shelf"],
})  # fmt: skip
ITEMS = pa.table({"ITEM_ID": ["i2", "i1"], "LENGTH": [10, 1]})


def rows(expression: str, items: object = ITEMS) -> list[tuple[object, ...]]:
    metric = {"eventType": "watch", "metricName": "minutes", "expression": expression}
    return [row[2:] for row in report([metric], EVENTS, items).rows]


def test_events_are_counted_and_added_by_source_and_quarter_of_an_hour() -> None:
    assert rows("SAMPLECOUNT()") == [
        (1.0, "samplecount", NO_SOURCE, 0),
        (1.0, "samplecount", "shelf", 0),
        (2.0, "samplecount", "shelf", 900),
    ]
    assert rows("sum( Items.length )") == [
        (1.0, "sum", NO_SOURCE, 0),
        (1.0, "sum", "shelf", 0),
        (10.0, "sum", "shelf", 900),
    ]
    assert [row[0] for row in rows("SUM(Interactions.EVENT_VALUE)")] == [2.0, 1.0, 4.0]
    assert [row[0] for row in rows("SUM(Items.LENGTH)", items=None)] == [0.0, 0.0, 0.0]


def test_names_are_in_capitals_and_other_events_count_nothing() -> None:
    metrics = [{"eventType": "buy", "metricName": "n", "expression": "SAMPLECOUNT()"}]
    assert report(metrics, EVENTS, ITEMS).rows == ()
    (row,) = report([metrics[0] | {"eventType": "skip"}], EVENTS, ITEMS).rows
    assert row[:2] == ("N", "SKIP")


def test_expression_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is not a metric"):
        parse_expression("AVG(Items.LENGTH)")
