"""What the client makes of Airflow's answers. Airflow itself stands behind it in tests/e2e."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.stack.airflow import AirflowClient, DagsNotImported, RunRefused
from services.stack.watch import KeepsEnding

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
def test_params_that_airflow_refuses_are_reported_in_one_line(status: int, detail: Any, said: str) -> None:
    refused = _client({"/api/v2/dags/rollback/dagRuns": lambda: httpx.Response(status, json={"detail": detail})})
    with pytest.raises(RunRefused) as raised:
        refused.trigger("rollback", {"reason": ""})
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_an_airflow_that_fails_is_no_refusal_of_params() -> None:
    with pytest.raises(httpx.HTTPStatusError):
        _client({"/api/v2/dags/rollback/dagRuns": lambda: httpx.Response(500)}).trigger("rollback")


class _Server:
    """An API server that is down until it is tended so often; each of its first answers may break off."""

    def __init__(self, *, down_for: int, broken_off: int = 0) -> None:
        self.n_tended = 0
        self.requests: list[str] = []
        self._down_for, self._broken_off = down_for, broken_off

    def tend(self) -> None:
        self.n_tended += 1

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.n_tended <= self._down_for:
            raise httpx.ConnectError("refused", request=request)
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "token"})
        self.requests.append(request.method)
        if len(self.requests) <= self._broken_off:
            raise httpx.RemoteProtocolError("broken off", request=request)
        return httpx.Response(200, json={"dag_run_id": "run", "total_entries": 0, "dags": []})

    def client(self, *, is_tended: bool = True) -> AirflowClient:
        client = AirflowClient("http://airflow", user="a", password="p", tend=self.tend if is_tended else None)
        client._http = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(self.answer))
        return client


@pytest.fixture
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.stack.airflow._POLL_SECONDS", 0.001)


@pytest.mark.usefixtures("_no_pause")
@pytest.mark.parametrize("down_for", [0, 1, 5])
def test_a_server_that_has_ended_is_tended_until_it_answers(down_for: int) -> None:
    server = _Server(down_for=down_for)
    assert server.client().trigger("ingest") == "run"
    assert (server.n_tended, server.requests) == (down_for + 1, ["POST"])


@pytest.mark.usefixtures("_no_pause")
def test_an_answer_that_breaks_off_is_asked_for_again_unless_that_could_start_a_second_run() -> None:
    reading = _Server(down_for=0, broken_off=2)
    assert reading.client().dag_ids() == set()
    assert reading.requests == ["GET"] * 3
    starting = _Server(down_for=0, broken_off=1)
    with pytest.raises(httpx.RemoteProtocolError):
        starting.client().trigger("ingest")
    assert starting.requests == ["POST"]


def test_a_client_that_does_not_own_the_stack_fails_at_once_where_nobody_answers() -> None:
    with pytest.raises(httpx.ConnectError):
        _Server(down_for=1).client(is_tended=False).dag_ids()


def test_what_tending_gives_up_on_ends_the_walk() -> None:
    def give_up() -> None:
        raise KeepsEnding("engine keeps ending")

    with pytest.raises(KeepsEnding):
        AirflowClient("http://127.0.0.1:1", user="a", password="p", tend=give_up).dag_ids()
