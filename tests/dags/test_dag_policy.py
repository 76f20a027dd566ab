"""Every DAG of the pipeline keeps every rule of tools.dag_policy, and every rule is one that a bad DAG breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.dags.effort import MOST_CALLS, effort_of_parsing, parsed
from tools.dag_policy import RULES, asset_names, violations, waited_for

ROOT = Path(__file__).parents[2]
DAGS = sorted((ROOT / "dags").glob("*.py"))
BAD = Path(__file__).parent / "bad"
#: What one DAG leaves for the next to follow.
ARROWS = {("ingest", "raw_orders", "transform"), ("recommend", "batch_output", "publish")}


@pytest.fixture(scope="module")
def bag() -> Any:
    return parsed(ROOT / "dags")


@pytest.fixture(scope="module")
def bad_bag() -> Any:
    return parsed(BAD)


def test_every_file_of_dags_can_be_imported_and_is_a_dag_of_its_own(bag: Any) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == {file.stem for file in DAGS}
    assert {"ingest", "transform", "export", "train", "recommend", "publish"} <= set(bag.dags)


@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.stem)
def test_a_dag_keeps_every_rule(bag: Any, file: Path) -> None:
    assert violations(bag.dags[file.stem], file) == []


@pytest.mark.parametrize("rule", RULES)
def test_a_dag_that_breaks_a_rule_violates_that_rule_only(bad_bag: Any, rule: str) -> None:
    file = BAD / f"{rule}.py"
    [dag] = [dag for dag in bad_bag.dags.values() if Path(dag.fileloc) == file]
    broken = violations(dag, file)
    assert broken
    assert {violation.split(":")[0] for violation in broken} == {rule}


@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.stem)
def test_parsing_a_file_again_calls_little_and_reaches_nothing_outside(file: Path) -> None:
    """This is what is done again and again, by the scheduler's side."""
    effort = effort_of_parsing(file)
    assert effort.n_calls < MOST_CALLS
    assert effort.outside == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sum(abs(n) for n in range(500_000))", "calls"),
        ("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))", "socket.connect"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
    ],
)
def test_a_file_that_works_while_it_is_parsed_is_found(tmp_path: Path, line: str, expected: str) -> None:
    file = tmp_path / "busy.py"
    file.write_text(f"from airflow.sdk import DAG\n\nwith DAG('busy'):\n    {line}\n")
    effort = effort_of_parsing(file)
    noticed = [*effort.outside, *(["calls"] if effort.n_calls >= MOST_CALLS else [])]
    assert [event.partition(" ")[0] for event in noticed] == [expected]


def test_the_arrows_of_the_pipeline_are_assets(bag: Any) -> None:
    for writer, asset, reader in ARROWS:
        assert asset in asset_names(bag.dags[writer])[1]
        assert asset in waited_for(bag.dags[reader])


def test_every_asset_that_a_dag_waits_for_is_written_by_another(bag: Any) -> None:
    written = {asset for dag in bag.dags.values() for asset in asset_names(dag)[1]}
    followed = {asset for dag in bag.dags.values() for asset in waited_for(dag)}
    assert followed
    assert followed - written == set()


def test_schedules_are_those_of_the_settings_and_of_the_arrows(bag: Any) -> None:
    from aisle.settings import Schedules

    crons = {name: getattr(dag.timetable, "expression", None) for name, dag in bag.dags.items()}
    clocked = {name: cron for name, cron in Schedules().model_dump().items() if name in crons}
    assert {"ingest", "export", "train", "recommend", "maintain"} <= set(clocked)
    assert {name: crons[name] for name in clocked} == {
        name: None if cron == "manual" else cron for name, cron in clocked.items()
    }
    assert crons["transform"] is crons["erase"] is crons["rollback"] is None


def test_a_schedule_set_to_manual_leaves_the_dag_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    from aisle.dag.defaults import stage_dag
    from aisle.settings import get_settings

    monkeypatch.setenv("AISLE_SCHEDULES__TRAIN", "manual")
    get_settings.cache_clear()
    assert stage_dag("train", "doc", clock="train")["schedule"] is None
    get_settings.cache_clear()
