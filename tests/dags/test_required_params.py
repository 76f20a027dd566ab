"""What a DAG cannot do without is a required param: Airflow marks it in its form, and starts no run without it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from tests.dags.effort import parsed

ROOT = Path(__file__).parents[2]
DAGS = sorted(file.stem for file in (ROOT / "dags").glob("*.py"))
#: DAG → its required params, each with a value that is accepted.
REQUIRED: dict[str, dict[str, str]] = {
    "accept": {"reason": "the shop in the north was closed"},
    "backfill": {"window_start": "2025-10-01T00:00:00Z", "window_end": "2025-10-08T00:00:00Z"},
    "erase": {"request_id": "0b1c2d3e"},
    "invalidate": {"reason": "a wrong list"},
    "rollback": {"reason": "lists look odd"},
    "teardown": {"group": "aisle"},
}
CASES = [(dag_id, name) for dag_id, params in REQUIRED.items() for name in params]


@pytest.fixture(scope="module")
def bag() -> Any:
    return parsed(ROOT / "dags")


def _validated(bag: Any, dag_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    params = copy.deepcopy(bag.dags[dag_id].params)
    params.update(conf)
    validated: dict[str, Any] = params.validate()
    return validated


@pytest.mark.parametrize("dag_id", DAGS)
def test_with_what_is_required_the_rest_has_defaults(bag: Any, dag_id: str) -> None:
    given = REQUIRED.get(dag_id, {})
    assert given.items() <= _validated(bag, dag_id, given).items()


@pytest.mark.parametrize(("dag_id", "name"), CASES)
def test_a_run_without_it_is_refused(bag: Any, dag_id: str, name: str) -> None:
    others = {other: value for other, value in REQUIRED[dag_id].items() if other != name}
    with pytest.raises(ParamValidationError, match=name):
        _validated(bag, dag_id, others)


@pytest.mark.parametrize("value", ["", None], ids=repr)
@pytest.mark.parametrize(("dag_id", "name"), CASES)
def test_a_run_with_an_empty_one_is_refused(bag: Any, dag_id: str, name: str, value: str | None) -> None:
    with pytest.raises(ParamValidationError, match=name):
        _validated(bag, dag_id, REQUIRED[dag_id] | {name: value})
