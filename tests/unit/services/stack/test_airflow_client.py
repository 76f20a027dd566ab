"""What the client makes of Airflow's answers. Airflow itself stands behind it in tests/e2e."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.stack.airflow import AirflowClient, DagsNotImported, RunRefused

START = datetime(2026, 11, 30, 4, 0, tzinfo=UTC)
Answers = dict[str, Callable[[], httpx.Response]]


def _client(answers: Answers) -> AirflowClient:
    """A client of an Airflow that answers each path so."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "token"})
        return answers[request.url.path]()

    client = AirflowClient("http://airflow", user="admin", password="password")
    client._http = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    return client


def _listed(member: str, entries: list[dict[str, Any]]) -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(200, json={member: entries, "total_entries": len(entries)})


def _airflow(dag_ids: list[str], errors: dict[str, timedelta]) -> AirflowClient:
    """Airflow with these DAGs, and files that could not be imported so long after the start."""
    return _client(
        {
            "/api/v2/dags": _listed("dags", [{"dag_id": dag_id} for dag_id in dag_ids]),
            "/api/v2/importErrors": _listed(
                "import_errors",
                [
                    {"filename": file, "timestamp": (START + after).isoformat(), "stack_trace": f"…\n{file} is wrong\n"}
                    for file, after in errors.items()
                ],
            ),
        }
    )


BEFORE, AFTER = -timedelta(hours=1), timedelta(seconds=5)


@pytest.mark.parametrize(
    ("dag_ids", "errors", "is_listed"),
    [
        (["export", "ingest", "train"], {}, True),
        (["ingest"], {}, False),
        ([], {}, False),
        (["export", "ingest"], {"dags/export.py": BEFORE}, False),
        (["ingest"], {"dags/export.py": BEFORE}, False),
    ],
    ids=[
        "all there",
        "one missing",
        "first start",
        "old error of a DAG that was there",
        "old error of one that was not",
    ],
)
def test_dags_are_listed_once_all_are_there_and_no_old_error_is_left(
    dag_ids: list[str], errors: dict[str, timedelta], is_listed: bool
) -> None:
    assert _airflow(dag_ids, errors).lists_dags({"ingest", "export"}, START) is is_listed


@pytest.mark.parametrize("others", [{}, {"dags/train.py": BEFORE}], ids=["alone", "beside an old one"])
def test_an_error_of_this_start_is_raised_and_no_other(others: dict[str, timedelta]) -> None:
    with pytest.raises(DagsNotImported) as raised:
        _airflow(["ingest", "export"], {"dags/export.py": AFTER, **others}).lists_dags({"ingest"}, START)
    assert str(raised.value) == "Airflow could not import: dags/export.py: dags/export.py is wrong"


@pytest.mark.parametrize(
    ("status", "detail", "said"),
    [
        (400, "Invalid input for param reason: '' should be non-empty\n\nFailed validating", "'' should be non-empty"),
        (422, [{"loc": ["body", "conf"], "msg": "Input should be a valid dictionary"}], "valid dictionary"),
        (400, None, "starting rollback: null"),
    ],
)
def test_params_that_airflow_refuses_are_told_in_one_line(status: int, detail: Any, said: str) -> None:
    refused = _client({"/api/v2/dags/rollback/dagRuns": lambda: httpx.Response(status, json={"detail": detail})})
    with pytest.raises(RunRefused) as raised:
        refused.trigger("rollback", {"reason": ""})
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_an_airflow_that_fails_is_no_refusal_of_params() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        _client({"/api/v2/dags/rollback/dagRuns": lambda: httpx.Response(500)}).trigger("rollback")
