"""Schema `serving`: made and changed by migrations, from whatever was there before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from aisle.errors import ConfigurationError
from aisle.warehouse import READER, admit_reader, connect
from services import migrations
from services.migrations import upgrade

REVISIONS = [
    script.revision for script in ScriptDirectory(str(Path(migrations.__file__).parent)).walk_revisions("base", "head")
][::-1]
#: By revision, a row as the version of Aisle that had this revision last would have written it.
ROWS = {
    "0001": (
        "insert into serving.region_results (region_kind, region, window_start, generation, result)"
        " values ('city', 'LAHORE', '2026-01-01', 'g1', '{}')",
        "select region, generation from serving.region_results",
        [("LAHORE", "g1")],
    ),
    "0002": (
        "insert into serving.interactions (event_id, source, session_id, weights_version, occurred_at, event_type,"
        " item_id) values ('e1', 'api', 's1', '1', '2026-01-01', 'click', 'P1')",
        "select event_id, user_id, properties from serving.interactions",
        [("e1", None, {})],
    ),
    "0003": (
        "insert into serving.shop_requests (user_id, mode, product_ids, metadata)"
        " values ('shop-1', 'both', '{a,b,c,d,e}', '{\"age\": 34}')",
        "select user_id, product_ids, metadata from serving.shop_requests",
        [("shop-1", ["a", "b", "c", "d", "e"], {"age": 34})],
    ),
    "0004": (
        "insert into serving.exposures values ('weights', 'u1', 'control', '2026-01-01 00:00+00')",
        "select experiment, user_id, arm from serving.exposures",
        [("weights", "u1", "control")],
    ),
    "0005": (
        "insert into serving.recommended_items (user_id, recommendation_id, item_id, algorithm, score)"
        " values ('u1', 'r1', 'P1', 'hybrid', 0.5)",
        "select user_id, is_clicked, is_dismissed from serving.recommended_items",
        [("u1", False, False)],
    ),
    "0006": (
        "insert into serving.impressions (event_id, source, session_id, weights_version, occurred_at, event_type,"
        " item_ids, weight) values ('e1', 'api', 's1', '1', '2026-01-01', 'scroll_impression', '{P1}', 0.7)",
        "select event_id, weight from serving.impressions",
        [("e1", 0.7)],
    ),
    "0007": (
        "insert into serving.churn_predictions (user_id, prediction_date, churn_risk, reasons)"
        " values ('u1', '2026-01-01', 0.5, '[{\"feature\": \"amount\"}]')",
        "select user_id, churn_risk, reasons from serving.churn_predictions",
        [("u1", 0.5, [{"feature": "amount"}])],
    ),
}
COLUMNS = """
select table_name, column_name, data_type, is_nullable from information_schema.columns
where table_schema = 'serving' order by table_name, column_name
"""


def columns(url: str) -> list[tuple[str, ...]]:
    with connect(url) as connection:
        return connection.execute(COLUMNS).fetchall()


def test_a_second_migration_changes_nothing(warehouse_url: str) -> None:
    upgrade(warehouse_url)
    once = columns(warehouse_url)
    assert {
        "region_results",
        "alembic_version",
        "interactions",
        "impressions",
        "exposures",
        "received_events",
        "sessions",
        "shop_requests",
        "recommendation_lists",
        "recommended_items",
        "churn_predictions",
        "rate_limits",
    } == {table for table, *_ in once}
    upgrade(warehouse_url)
    assert columns(warehouse_url) == once


@pytest.mark.parametrize("revision", REVISIONS)
def test_data_of_every_earlier_revision_survive_the_way_to_the_newest(warehouse_url: str, revision: str) -> None:
    write, read, rows = ROWS[revision]
    upgrade(warehouse_url, revision)
    with connect(warehouse_url) as connection:
        connection.execute(write.encode())
    upgrade(warehouse_url)
    with connect(warehouse_url) as connection:
        assert connection.execute(read.encode()).fetchall() == rows


def test_a_warehouse_of_a_version_without_migrations_keeps_its_lists(warehouse_url: str) -> None:
    with connect(warehouse_url) as connection:
        connection.execute("insert into cache.offline_user_recommendations values ('u', '[]', now(), 'rank', 'g')")
    upgrade(warehouse_url)
    with connect(warehouse_url) as connection:
        kept = connection.execute("select user_id from cache.offline_user_recommendations").fetchall()
    assert kept == [("u",)]


def test_programs_that_migrate_at_once_take_turns(warehouse_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert [ended.result() for ended in [pool.submit(upgrade, warehouse_url) for _ in range(4)]] == [None] * 4
    assert columns(warehouse_url)


def test_a_warehouse_of_a_later_version_is_refused_and_left_alone(warehouse_url: str) -> None:
    upgrade(warehouse_url)
    with connect(warehouse_url) as connection:
        connection.execute("update serving.alembic_version set version_num = 'of tomorrow'")
    with pytest.raises(ConfigurationError, match=r"'of tomorrow'.*later version"):
        upgrade(warehouse_url)
    with connect(warehouse_url) as connection:
        assert connection.execute("select version_num from serving.alembic_version").fetchone() == ("of tomorrow",)


@pytest.fixture
def api_role_url(warehouse_url: str) -> Iterator[str]:
    upgrade(warehouse_url)
    admit_reader(warehouse_url, "of the role")
    server = psycopg.conninfo.conninfo_to_dict(warehouse_url)
    yield psycopg.conninfo.make_conninfo(**{**server, "user": READER, "password": "of the role"})
    with connect(warehouse_url) as connection:
        connection.execute(f"drop owned by {READER}".encode())


def test_the_api_writes_its_own_tables_and_not_which_migrations_have_run(api_role_url: str) -> None:
    with psycopg.connect(api_role_url, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        connection.execute(ROWS["0001"][0].encode())
        assert connection.execute("delete from serving.region_results").rowcount == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update serving.alembic_version set version_num = 'none'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table serving.planted (n integer)")
