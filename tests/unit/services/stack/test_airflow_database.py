from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisle.errors import ConfigurationError
from aisle.settings import PROJECT_ROOT
from services.stack import airflow_database
from services.stack.blueprint import AIRFLOW_COMMANDS, airflow_components

URL = "postgresql+psycopg2://aisle@127.0.0.1:{}/airflow"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The commands of Airflow that were run; none is."""
    run: list[tuple[str, ...]] = []
    monkeypatch.setattr(airflow_database, "_airflow", lambda arguments, *_: run.append(arguments))
    return run


@pytest.fixture
def pools(tmp_path: Path) -> Path:
    """A file of pools of one's own."""
    file = tmp_path / "pools.json"
    file.write_text((PROJECT_ROOT / "include" / "airflow" / "pools.json").read_text())
    return file


def test_tables_come_before_pools_and_both_are_made_once(
    tmp_path: Path, pools: Path, commands: list[tuple[str, ...]]
) -> None:
    assert not airflow_database.is_ready(tmp_path, URL.format(1), pools)
    airflow_database.make_ready(tmp_path, URL.format(1), pools, {})
    assert commands == [("db", "migrate"), ("pools", "import", str(pools))]
    assert airflow_database.is_ready(tmp_path, URL.format(2), pools)


def test_what_is_remembered_has_no_password_in_it(tmp_path: Path, pools: Path, commands: list[tuple[str, ...]]) -> None:
    url = "postgresql+psycopg2://aisle:the-password@127.0.0.1:5433/airflow"
    airflow_database.make_ready(tmp_path, url, pools, {})
    (stamp,) = [path for path in tmp_path.rglob("*") if path.is_file() and path != pools]
    assert "the-password" not in stamp.read_text()
    assert stamp.stat().st_mode & 0o077 == 0
    assert airflow_database.is_ready(tmp_path, url, pools)
    assert not airflow_database.is_ready(tmp_path, url.replace("the-password", "another"), pools)


def test_other_sizes_are_imported_at_the_next_start(
    tmp_path: Path, pools: Path, commands: list[tuple[str, ...]]
) -> None:
    airflow_database.make_ready(tmp_path, URL.format(1), pools, {})
    pools.write_text(pools.read_text().replace('"slots": 2', '"slots": 1'))
    assert not airflow_database.is_ready(tmp_path, URL.format(1), pools)


def test_a_file_that_lacks_a_pool_is_refused_before_anything_is_done(
    tmp_path: Path, pools: Path, commands: list[tuple[str, ...]]
) -> None:
    declared = json.loads(pools.read_text())
    del declared["backfill"]
    pools.write_text(json.dumps(declared))
    with pytest.raises(ConfigurationError, match="backfill"):
        airflow_database.make_ready(tmp_path, URL.format(1), pools, {})
    assert commands == []


def test_each_scheduler_is_a_program_and_one_of_them_serves_the_logs() -> None:
    alone = airflow_components({})
    assert [component.name for component in alone] == list(AIRFLOW_COMMANDS)
    more = airflow_components({}, schedulers=3)[len(alone) :]
    assert [component.name for component in more] == ["airflow-scheduler-2", "airflow-scheduler-3"]
    assert {component.command for component in more} == {("airflow", "scheduler", "--skip-serve-logs")}
