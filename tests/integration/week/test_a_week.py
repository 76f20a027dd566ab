"""A week of the whole pipeline: every ingest window, export, recommendation and publication of seven days, with the
faults that belong to them. At the end every order item that the company has is accounted for.

    make week

The company's orders lie in 2024 to 2026, so its time passes as fast as the runs do. Each run has the run key of its
moment, as a scheduled run has.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from aisle.sources import api_sources

MONDAY = datetime(2026, 6, 22, tzinfo=UTC)
TICK, TICKS = timedelta(minutes=15), 7 * 24 * 4
OUTAGE = MONDAY + timedelta(days=1, hours=9), MONDAY + timedelta(days=1, hours=14)
BACKFILLED_AT = MONDAY + timedelta(days=2, hours=10, minutes=30)
BACKFILLED = {"window_start": "2026-03-01T00:00:00Z", "window_end": "2026-04-01T00:00:00Z"}
SPOILED_AT = MONDAY + timedelta(days=3, hours=3, minutes=30)
RETRAINED_AT = MONDAY + timedelta(days=6, hours=3)

#: Every purchase keeps its moment and its user, but the item is another's: what a broken join would do.
SPOIL = """
with shuffled as (
    select item_id, row_number() over (order by md5(item_id || user_id || timestamp::text)) as place
    from personalize.interactions
),
numbered as (
    select ctid as row_id, row_number() over (order by user_id, timestamp) as place from personalize.interactions
)
update personalize.interactions set item_id = shuffled.item_id
from shuffled join numbered using (place) where personalize.interactions.ctid = numbered.row_id
"""


@pytest.mark.week
@pytest.mark.timeout(7_200)
def test_a_week(company: Any, calendar: Any, warehouse_url: str, capfd: pytest.CaptureFixture[str]) -> None:
    week = Week(company, calendar, warehouse_url, capfd)
    week.set_up()
    first = week.live_models()
    for at in moments():
        week.live_through(at)
    week.show()

    week.every_line_is_accounted_for()
    week.no_window_is_missing()
    week.the_spoiled_models_never_went_live()
    week.the_honest_retrain_went_live(first)
    runs = calendar.runs
    assert runs["ingest", "success"] == TICKS - week.ticks_of_outage + 1  # and the one that set up
    assert runs["ingest", "failed"] == week.ticks_of_outage == 20
    assert (runs["export", "success"], runs["recommend", "success"], runs["publish", "success"]) == (10, 29, 29)
    assert runs["backfill", "success"] == 1


def run_key(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M}"


def moments() -> Iterator[datetime]:
    return (MONDAY + (tick + 1) * TICK for tick in range(TICKS))


class Week:
    """What happens at each moment, and what must hold after it."""

    def __init__(self, company: Any, calendar: Any, url: str, captured: pytest.CaptureFixture[str]) -> None:
        self.company, self.calendar, self.url, self._captured = company, calendar, url, captured
        self.ticks_of_outage = 0
        self.spoiled: set[str] = set()

    def set_up(self) -> None:
        """Two years of orders, a first model, a first generation."""
        at = MONDAY
        for dag_id in ("ingest", "transform", "export", "train"):
            self.succeed(dag_id, at)
        self.recommend_and_publish(at)

    def live_through(self, at: datetime) -> None:
        if OUTAGE[0] < at <= OUTAGE[1]:
            self.ticks_of_outage += 1
            if at == OUTAGE[0] + TICK:
                self.company.stop()
            assert "failed" in self.calendar.run("ingest", at).values()
            if at == OUTAGE[1]:
                self.company.start()
        else:
            self.succeed("ingest", at)
        if at.hour == 2 and at.minute == 0:
            self.succeed("transform", at)
            self.succeed("export", at)
        if at == SPOILED_AT:
            self.retrain_on_spoiled_data(at)
        if at == RETRAINED_AT:
            self.succeed("train", at)
        if at == BACKFILLED_AT:
            self.succeed("backfill", at, **BACKFILLED)
        if at.hour % 6 == 0 and at.minute == 0:
            self.recommend_and_publish(at)

    def succeed(self, dag_id: str, at: datetime, **params: Any) -> None:
        states = self.calendar.run(dag_id, at, **params)
        assert set(states.values()) <= {"success", "skipped"}, (dag_id, at, states)
        if dag_id != "ingest":
            self.say(f"{at:%a %H:%M}  {dag_id}")

    def recommend_and_publish(self, at: datetime) -> None:
        live = self.live_models()
        self.succeed("recommend", at)
        self.succeed("publish", at)
        assert self.live_models() == live

    def retrain_on_spoiled_data(self, at: datetime) -> None:
        """The gate keeps the models as they are; then the data are fixed."""
        live = self.live_models()
        with psycopg.connect(self.url) as connection:
            connection.execute(SPOIL.encode())
        self.succeed("export", at)
        self.succeed("train", at, force=True)
        self.spoiled = {
            row["solution_version_arn"]
            for row in self.rows(
                "select solution_version_arn from ops.model_versions where run_key = %s", f"{at:%Y%m%dT%H%M}"
            )
        }
        assert self.spoiled
        assert self.live_models() == live, "a model of spoiled data went live"
        self.succeed("transform", at + timedelta(minutes=5))
        self.succeed("export", at + timedelta(minutes=5))

    def live_models(self) -> dict[str, str]:
        """The live version of each solution."""
        rows = self.rows("select solution, solution_version_arn from ops.model_versions where state = 'live'")
        return {row["solution"]: row["solution_version_arn"] for row in rows}

    def the_spoiled_models_never_went_live(self) -> None:
        states = self.rows(
            "select distinct state from ops.model_versions where solution_version_arn = any(%s)", list(self.spoiled)
        )
        assert [row["state"] for row in states] == ["rejected"]
        served = self.rows("select solution_versions::text as versions from cache.generations")
        assert not [arn for arn in self.spoiled for row in served if arn in row["versions"]]

    def the_honest_retrain_went_live(self, before: dict[str, str]) -> None:
        """Some fifty users of a hold-out are few, but chance is no reason to refuse."""
        query = "select solution, state, reason from ops.model_versions where run_key = %s"
        versions = self.rows(query, run_key(RETRAINED_AT))
        assert len(versions) == len(before)
        for version in versions:
            self.say(f"{version['solution']} of Sunday is {version['state']}: {version['reason']}")
        assert {version["state"] for version in versions} == {"live"}

    def every_line_is_accounted_for(self) -> None:
        """Compare order by order and item by item with what the company returns."""
        until = MONDAY + TICKS * TICK
        for source in api_sources():
            sizes = {order["order_id"]: len(order["items"]) for order in self.company.orders(source.path, until)}
            rows = self.rows(ACCOUNTED, source.name, source.name)
            held = {row["order_id"]: row["n_lines"] for row in rows}
            assert sizes, source.name
            assert held == sizes

    def no_window_is_missing(self) -> None:
        from aisle.orders.ledger import Ledger

        for source in api_sources():
            with psycopg.connect(self.url) as connection:
                ledger = Ledger(connection, source.name, "after the week")
                assert list(ledger.gaps(datetime(2024, 7, 1, tzinfo=UTC))) == []
                assert ledger.watermark(MONDAY) == MONDAY + TICKS * TICK

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def show(self) -> None:
        table = Table("DAG", "runs that ended well", "that failed", "seconds", title="A week")
        for dag_id in self.calendar.seconds:
            well, failed = (str(self.calendar.runs[dag_id, state]) for state in ("success", "failed"))
            table.add_row(dag_id, well, failed, f"{self.calendar.seconds[dag_id]:.0f}")
        self.say(table)

    def say(self, what: Any) -> None:
        """Show something beside Airflow's logs, which are shown only if the week goes wrong."""
        with self._captured.disabled():
            Console().print(what)


ACCOUNTED = """
select order_id, sum(n_lines)::integer as n_lines from (
    select order_id, 1 + merged_lines as n_lines from raw.company__order_items where source = %s
    union all
    select order_id, n_lines from raw.company__rejects where source = %s
) as lines
group by order_id
"""
