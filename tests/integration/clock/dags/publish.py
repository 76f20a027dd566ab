"""Fails at once at its first try, waits at its second until the test releases it, and is quick afterwards."""

import time
from pathlib import Path

from airflow.sdk import Param, dag, get_current_context, task

from aisle.dag.defaults import stage_dag
from aisle.errors import FinalError

_PATIENCE_SECONDS = 200


@task
def work() -> None:
    """One try."""
    context = get_current_context()
    if context["ti"].try_number == 1:
        raise FinalError("the first try fails")
    # The file is what the task waits for: it stands for work that is under way.
    given_up = time.monotonic() + _PATIENCE_SECONDS
    while not Path(context["params"]["until_exists"]).exists() and time.monotonic() < given_up:
        time.sleep(0.5)


@dag(**stage_dag("publish", __doc__), params={"until_exists": Param("/", type="string")})
def publish() -> None:
    work()


publish()
