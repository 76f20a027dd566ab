"""Airflow in the tests' own process, for `dag.test()`."""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def airflow_metadata() -> Iterator[None]:
    """Airflow's own tables, in the scratch folder, for DAGs that run in this process: without pauses between tasks."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
    from airflow.sdk import DAG
    from airflow.utils.db import initdb
    from jsonschema import Draft202012Validator

    initdb()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", _sleep)
        patch.setattr(DAG, "test", _for_this_process(DAG.test))
        # Airflow checks the schema of a param whenever it reads the param, some ten thousand times a run.
        patch.setattr(Draft202012Validator, "check_schema", _once_per_schema(Draft202012Validator.check_schema))
        # For the user agent, the hook reads the source of every frame on the stack: longer than the calls it makes.
        patch.setattr(AwsGenericHook, "_get_caller", lambda *_: "Tests")
        yield


def _for_this_process(test: Callable[..., Any]) -> Callable[..., Any]:
    """`dag.test()` without a deadline, with which Airflow 3.3.2 cannot end it: it takes the alert for its id.

    It also sets the values of params in place, which DAGs share with all others of this process. And it parses and
    stores every DAG there is each time: here the first run does so, and all others store those of their own file.
    """
    from airflow.dag_processing import dagbag

    stored: set[str] = set()

    def run(dag: Any, *given: Any, **named: Any) -> Any:
        dag.deadline, dag.params = None, copy.deepcopy(dag.params)
        # When a run fails, it reads the tasks' params for the callback before the run's conf: a required one needs a
        # value by then.
        for params in (dag.params, *(task.params for task in dag.tasks)):
            params.update({name: value for name, value in (named.get("run_conf") or {}).items() if name in params})
        with pytest.MonkeyPatch.context() as patch:
            if stored:
                patch.setattr(dagbag, "BundleDagBag", partial(_own_file, dagbag.BundleDagBag, dag.fileloc))
            stored.add(dag.dag_id)
            return test(dag, *given, **named)

    return run


def _own_file(bag: Callable[..., Any], file: str, **of_all: Any) -> Any:
    """The DAGs of one file instead of those of its folder. A DAG that a test defines is in no folder of DAGs."""
    is_in_folder = Path(file).is_relative_to(of_all["bundle_path"])
    return bag(**of_all | ({"dag_folder": file} if is_in_folder else {}))


def _once_per_schema(check: Callable[..., None]) -> Callable[..., None]:
    """The check of a schema, made once for each that passes."""
    passed: set[str] = set()

    def check_once(schema: Any, *given: Any, **named: Any) -> None:
        if (text := repr(schema)) not in passed:
            check(schema, *given, **named)
            passed.add(text)

    return check_once


def _sleep(seconds: float, _asleep: Callable[[float], None] = time.sleep) -> None:
    """`dag.test()` sleeps a second whenever a skip or a failure has to be passed on to the next task."""
    is_dag_test = sys._getframe(1).f_globals["__name__"] == "airflow.sdk.definitions.dag"
    _asleep(min(seconds, 0.01) if is_dag_test else seconds)
