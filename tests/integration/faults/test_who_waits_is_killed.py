"""A training outlives the process that waits for it, in the real Airflow: it is started once, and found again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from personalize_kinds.kinds import SOLUTION_VERSION
from tests.integration.faults.airflow_processes import AirflowProcesses
from tests.integration.faults.conftest import connection_to
from tests.integration.faults.proxy import Telling
from tests.integration.faults.world import World

pytestmark = pytest.mark.timeout(400)

LOOK = "DescribeSolutionVersion"
FOR_EVER = [Telling("CREATE IN_PROGRESS")] * 10_000


@pytest.fixture(scope="module")
def airflow(shared_world: World, postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowProcesses]:
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute("create database airflow_faults")
    environment = {
        "AIRFLOW_CONN_AWS_DEFAULT": connection_to(shared_world.proxy.url),
        "FAULTS_SOLUTION_ARN": shared_world.solution,
    }
    home = tmp_path_factory.mktemp("airflow")
    with (
        _plain_environment(),
        AirflowProcesses(home, postgres.url("airflow_faults"), **environment).running() as running,
    ):
        yield running


@contextmanager
def _plain_environment() -> Iterator[None]:
    """Without the tests' own Airflow settings, which would win over those of the processes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
            patch.delenv(name)
        yield


def started(world: World, name: str) -> list[str]:
    return world.named(SOLUTION_VERSION, name, solutionArn=world.solution)


def test_a_second_try_waits_for_the_training_of_the_worker_that_was_killed(
    airflow: AirflowProcesses, world: World
) -> None:
    world.proxy.tell(LOOK, *FOR_EVER)
    run_id = airflow.client.trigger("in_place")
    airflow.until(lambda: world.proxy.sent[LOOK] >= 3, "polls of the first try")
    (first,) = started(world, "in_place")
    workers = airflow.workers()
    assert workers
    for worker in workers:
        worker.kill()
    looks = world.proxy.sent[LOOK]

    airflow.until(lambda: airflow.task("in_place", run_id)["try_number"] == 2, "a second try")
    airflow.until(lambda: world.proxy.sent[LOOK] >= looks + 5, "polls of the second try")
    assert airflow.task("in_place", run_id)["state"] == "running"
    assert world.proxy.sent["CreateSolutionVersion"] == 2
    world.proxy.heal()
    airflow.until(lambda: airflow.task("in_place", run_id)["state"] == "success", "success of the second try")
    assert started(world, "in_place") == [first]
    assert airflow.returned("in_place", run_id) == first


def test_a_deferred_task_waits_on_in_the_next_triggerer_after_one_was_killed(
    airflow: AirflowProcesses, world: World
) -> None:
    world.proxy.tell(LOOK, *FOR_EVER)
    run_id = airflow.client.trigger("deferred")
    airflow.until(lambda: airflow.task("deferred", run_id)["state"] == "deferred", "the task to be deferred")
    airflow.until(lambda: world.proxy.sent[LOOK] >= 3, "polls of the triggerer")
    (first,) = started(world, "deferred")
    triggerer = airflow.programs["airflow-triggerer"]
    triggerer.signal(signal.SIGKILL)
    triggerer.wait(120)
    looks = world.proxy.sent[LOOK]
    triggerer.start()

    airflow.until(lambda: world.proxy.sent[LOOK] >= looks + 3, "polls of the next triggerer")
    assert airflow.task("deferred", run_id)["state"] == "deferred"
    assert world.proxy.sent["CreateSolutionVersion"] == 1
    assert world.proxy.sent["StopSolutionVersionCreation"] == 0
    world.proxy.heal()
    airflow.until(lambda: airflow.task("deferred", run_id)["state"] == "success", "success of the task")
    assert airflow.task("deferred", run_id)["try_number"] == 1
    assert started(world, "deferred") == [first]
    assert airflow.returned("deferred", run_id) == first
