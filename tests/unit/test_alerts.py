from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from airflow_personalize.exceptions import PersonalizeResourceFailedError
from aisle.dag import alerts
from aisle.errors import GateStopped
from aisle.settings import get_settings


class Receiver:
    """A webhook: what it was sent, and how it answers."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.status = 200
        self.url = ""


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(taken.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    taken.url = f"http://127.0.0.1:{server.server_port}/hook/secret-token"
    send_to(taken.url, monkeypatch)
    yield taken
    server.shutdown()
    server.server_close()
    get_settings.cache_clear()


def send_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_ALERTS__WEBHOOK_URL", url)
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/")
    get_settings.cache_clear()


class Instance:
    """A task instance, as far as an alert looks at it."""

    dag_id, run_id, task_id = "export", "manual__2026-01-01T00:00:00+00:00", "users.import_job"


RUN_PAGE = "https://airflow.example.com/dags/export/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00"


def test_the_alert_of_a_failed_task_has_its_reason_and_its_page(receiver: Receiver) -> None:
    alerts.task_failed({"task_instance": Instance, "exception": GateStopped("marts are empty")})
    assert receiver.bodies == [
        {
            "what": "failed",
            "dag": "export",
            "run": Instance.run_id,
            "task": "users.import_job",
            "reason": "GateStopped: marts are empty",
            "link": f"{RUN_PAGE}/tasks/users.import_job",
        }
    ]


def test_a_reason_that_names_only_resources_is_in_the_alert(receiver: Receiver) -> None:
    alerts.task_failed({"task_instance": Instance, "exception": PersonalizeResourceFailedError("campaign home failed")})
    assert receiver.bodies[0]["reason"] == "PersonalizeResourceFailedError: campaign home failed"


def test_of_a_foreign_error_only_its_type_is_reported_because_it_may_hold_personal_data(receiver: Receiver) -> None:
    alerts.task_failed({"task_instance": Instance, "exception": ValueError("phone +923001234567")})
    assert receiver.bodies[0]["reason"] == "ValueError: see the log of the task"


def test_a_run_that_is_broken_off_is_reported_once_and_one_that_failed_with_its_task_not_again(
    receiver: Receiver,
) -> None:
    context = {"dag": Instance, "run_id": Instance.run_id}
    alerts.run_failed({**context, "reason": "task_failure"})
    alerts.run_failed({**context, "reason": "timed_out"})
    assert [(body["what"], body["reason"], body["link"]) for body in receiver.bodies] == [
        ("broken off", "timed_out", RUN_PAGE)
    ]


def test_without_a_webhook_an_alert_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    send_to("", monkeypatch)
    with caplog.at_level(logging.ERROR):
        alerts.task_failed({"task_instance": Instance, "exception": GateStopped("marts are empty")})
    assert "failed: export" in caplog.text
    assert "marts are empty" in caplog.text


@pytest.mark.parametrize("trouble", ["refused", "away", "nonsense"])
def test_a_webhook_that_does_not_take_it_makes_no_second_failure_and_its_address_stays_secret(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    receiver.status = 503
    if trouble != "refused":
        send_to({"away": "http://127.0.0.1:1/secret-token", "nonsense": "secret-token"}[trouble], monkeypatch)
    alert = alerts.Alert(what="failed", dag="export", run="r", reason="x")
    with caplog.at_level(logging.WARNING, logger="aisle.dag.alerts"):
        assert alerts.send(alert) is False
    assert "the alert is in this log only" in caplog.text
    assert "secret-token" not in "".join(
        record.getMessage() for record in caplog.records if record.name == "aisle.dag.alerts"
    )
