"""Which stored events become interactions besides purchases, and so are exported."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from aisle.contracts.event_types import read_event_types
from aisle.contracts.personalize import PURCHASE
from aisle.errors import UnusableSettings
from aisle.settings import PROJECT_ROOT, get_settings
from aisle.stages.transform.project import DataTestsFailed
from services.cli.program import run
from services.migrations import upgrade
from tests.integration.transform.conftest import Company

EVENTS = """
insert into serving.interactions
    (event_id, source, user_id, session_id, event_type, item_id, weight, weights_version, occurred_at)
values
    ('1', 'api', 'ann', 's', 'view', 'MUG', 0.5, '1', '1970-01-01T00:02:00Z'),
    ('2', 'api', 'ann', 's', 'upvote', 'MUG', 2.0, '1', '1970-01-01T00:03:00Z'),
    ('3', 'api', 'ann', 's', 'like', 'MUG', null, '1', '1970-01-01T00:04:00Z'),
    ('4', 'api', 'ann', 's', 'click', 'MUG', 1.0, '1', '1970-01-01T00:05:00Z'),
    ('5', 'api', 'ann', 's', 'downvote', 'MUG', -1.0, '1', '1970-01-01T00:06:00Z'),
    ('6', 'api', 'ann', 's', 'view', 'UNKNOWN', 0.5, '1', '1970-01-01T00:07:00Z'),
    ('7', 'api', 'stranger', 's', 'view', 'MUG', 0.5, '1', '1970-01-01T00:08:00Z'),
    ('8', 'api', null, 's', 'view', 'MUG', 0.5, '1', '1970-01-01T00:09:00Z')
"""


@pytest.fixture
def visited(company: Company) -> Company:
    """A company with one purchase, and events of all sorts."""
    upgrade(company.url)
    company.ordered("1", {"product_id": "MUG"})
    with psycopg.connect(company.url) as connection:
        connection.execute(EVENTS)
    return company


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the types of events that become interactions."""

    def types(text: str) -> None:
        monkeypatch.setenv("AISLE_TRANSFORM__EVENT_TYPES", text)
        get_settings.cache_clear()

    yield types
    get_settings.cache_clear()


def test_s0_11_the_chosen_types_are_exported_together_with_purchases(
    visited: Company, choose: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visited.build()
    assert Counter(row["event_type"] for row in visited.rows("select * from personalize.interactions")) == {
        "purchase": 1
    }
    choose("view, upvote")
    visited.build()
    assert run(["export", "--output-dir", str(tmp_path / "files"), "--url", visited.url]) == 0
    with (tmp_path / "files" / "interactions.csv").open() as file:
        rows = [
            (row["USER_ID"], row["EVENT_TYPE"], row["EVENT_VALUE"], row["TIMESTAMP"]) for row in csv.DictReader(file)
        ]
    assert sorted(row for row in rows if row[1] != "purchase") == [
        ("ann", "upvote", "1", "240"),  # a like
        ("ann", "upvote", "2", "180"),
        ("ann", "view", "0.5", "120"),
    ]
    assert len(rows) == 4


@pytest.mark.parametrize("text", ["views", "view,nonsense", "downvote", "purchase", "initial_impression", "'"])
def test_a_type_that_cannot_be_exported_is_refused_with_those_that_can(choose: Any, text: str) -> None:
    choose(text)
    with pytest.raises(UnusableSettings, match="upvote"):
        get_settings()


def test_every_exported_type_passes_the_tests_of_the_mart() -> None:
    page = yaml.safe_load((PROJECT_ROOT / "dbt/models/marts/personalize/interactions.yml").read_text())
    (column,) = [column for column in page["models"][0]["columns"] if column["name"] == "event_type"]
    values = column["data_tests"][0]["accepted_values"]["arguments"]["values"]
    assert set(values) == {PURCHASE, *read_event_types().exported.values()}


@pytest.mark.parametrize("weight", [0, -1, -0.001])
def test_an_event_that_cannot_be_exported_stops_an_incremental_build_as_it_does_a_full_one(
    visited: Company, choose: Any, weight: float
) -> None:
    choose("view")
    visited.build()
    event = "update serving.interactions set weight = {} where event_id = '1'"
    with psycopg.connect(visited.url) as connection:
        connection.execute(event.format(weight).encode())
    with pytest.raises(DataTestsFailed, match="interactions"):
        visited.build()
    assert visited.rows("select is_full from ops.mart_builds order by build_id") == [
        {"is_full": True}, {"is_full": False},
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e300", "1e-300"])
def test_a_value_that_a_float_does_not_hold_counts_as_none(visited: Company, choose: Any, value: str) -> None:
    choose("view")
    with psycopg.connect(visited.url) as connection:
        connection.execute("update serving.interactions set event_value = %s where event_id = '1'", (value,))
    visited.build()
    rows = visited.rows("select event_value from personalize.interactions where event_type = 'view'")
    assert rows == [{"event_value": 0.5}], "its weight"


def test_a_quantity_that_is_no_number_stops_a_build(company: Company) -> None:
    company.ordered("1", {"product_id": "MUG", "quantity": "NaN"})
    with pytest.raises(DataTestsFailed, match="event_value"):
        company.build()
