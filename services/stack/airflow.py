"""A client of Airflow's public REST API: health, DAGs, runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

import httpx

from aisle.errors import FinalError

_POLL_SECONDS = 0.5
#: On a machine that is busy with other work, an answer of tenths of a second was seen to take half a minute.
_PATIENCE_SECONDS = 120
#: What Airflow gives at most, if nobody has set it otherwise; by itself it gives half of that.
_PAGE_ENTRIES = 100
_RUN_ENDED = ("success", "failed")


class DagRunFailed(FinalError):
    """A DAG run failed; the message names the tasks and their logs."""


class DagsNotImported(FinalError):
    """Airflow could not import a DAG file; the message has its name and the last line of the error."""


class RunRefused(FinalError):
    """Airflow rejected the params of a run; the message says which is wrong."""


class LogInRefused(FinalError):
    """Airflow rejected the user or the password."""


class AirflowClient:
    """A client of one API server, logged in when it first asks for something.

    `tend` is called before each request; it starts the server again where that has ended, and requests wait for it.
    """

    def __init__(self, base_url: str, *, user: str, password: str, tend: Callable[[], None] | None = None) -> None:
        self._base_url = base_url
        self._tend = tend
        self._account = {"username": user, "password": password}
        self._http = httpx.Client(base_url=base_url, timeout=_PATIENCE_SECONDS)

    def is_healthy(self) -> bool:
        """Whether API server, scheduler, DAG processor and triggerer all say so."""
        try:
            health = self._http.get("/api/v2/monitor/health", timeout=3)
            parts = health.json() if health.status_code == httpx.codes.OK else {}
        except (httpx.HTTPError, ValueError):
            return False
        return bool(parts) and all(part["status"] == "healthy" for part in parts.values())

    def dag_ids(self) -> set[str]:
        return {dag["dag_id"] for dag in self._all("/api/v2/dags", "dags")}

    def param_names(self, dag_id: str) -> set[str]:
        return set(self._get(f"/api/v2/dags/{dag_id}/details")["params"])

    def lists_dags(self, dag_ids: Collection[str], since: datetime) -> bool:
        """Whether these DAGs are there, and no import error of before that moment waits to be looked at again.

        Raises DagsNotImported if a file could not be imported since.
        """
        errors = list(self._all("/api/v2/importErrors", "import_errors"))
        if reasons := [_reason(error) for error in errors if _moment_of(error) >= since]:
            raise DagsNotImported("Airflow could not import: " + "; ".join(reasons))
        return not errors and self.dag_ids().issuperset(dag_ids)

    def trigger(self, dag_id: str, params: dict[str, Any] | None = None) -> str:
        """Start a run by hand; return its id. Raises RunRefused if the DAG rejects the params."""
        body = {"logical_date": None, "conf": params or {}}
        try:
            return str(self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (httpx.codes.BAD_REQUEST, httpx.codes.UNPROCESSABLE_ENTITY):
                raise
            raise RunRefused(f"starting {dag_id}: {_refusal(error.response)}") from error

    def runs(self, dag_id: str, *, limit: int = 50) -> list[dict[str, Any]]:
        """Return the runs of a DAG, newest first."""
        runs = self._get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-run_after", limit=limit)["dag_runs"]
        return list(runs)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return list(self._all(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances"))

    def wait(
        self, dag_id: str, run_id: str, *, timeout_seconds: float, on_look: Callable[[list[dict[str, Any]]], None]
    ) -> dict[str, Any]:
        """Wait until a run succeeds; pass its tasks to `on_look` at each poll. Raises DagRunFailed."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            run = self.run(dag_id, run_id)
            on_look(self.tasks(dag_id, run_id))
            if run["state"] in _RUN_ENDED:
                break
            if time.monotonic() > deadline:
                raise DagRunFailed(
                    f"run {run_id} of {dag_id} is still {run['state']} after {timeout_seconds:.0f} s; "
                    f"see {self.page(dag_id, run_id)}"
                )
            time.sleep(_POLL_SECONDS)
        if run["state"] == "failed":
            raise DagRunFailed(self._why(dag_id, run_id))
        return run

    def emitted_at(self, dag_id: str, run_id: str) -> datetime | None:
        """Return when the run emitted its newest asset event; None if it emitted none."""
        events = self._get("/api/v2/assets/events", source_dag_id=dag_id, source_run_id=run_id)["asset_events"]
        return max((datetime.fromisoformat(event["timestamp"]) for event in events), default=None)

    def page(self, dag_id: str, run_id: str) -> str:
        """Return the URL of the run's page."""
        return f"{self._base_url}/dags/{dag_id}/runs/{run_id}"

    def _why(self, dag_id: str, run_id: str) -> str:
        failed = [task for task in self.tasks(dag_id, run_id) if task["state"] == "failed"]
        reasons = [f"{task['task_id']}: {self._last_error(dag_id, run_id, task)}" for task in failed]
        return f"run {run_id} of {dag_id} failed; {'; '.join(reasons)}; see {self.page(dag_id, run_id)}"

    def _last_error(self, dag_id: str, run_id: str, task: dict[str, Any]) -> str:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        try:
            lines = self._get(path, map_index=task["map_index"]).get("content", [])
        except httpx.HTTPError:
            return "its log could not be read"
        for line in reversed(lines):
            if isinstance(line, dict) and (detail := line.get("error_detail")):
                return f"{detail[-1]['exc_type']}: {detail[-1]['exc_value']}"
        return "no error in its log"

    def _all(self, path: str, member: str) -> Iterator[dict[str, Any]]:
        """Return all entries of a paginated list."""
        n_seen = 0
        while True:
            page = self._get(path, limit=_PAGE_ENTRIES, offset=n_seen)
            yield from page[member]
            n_seen += len(page[member])
            if not page[member] or n_seen >= page["total_entries"]:
                return

    def _get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._request("GET", path, params=query)

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            if self._tend:
                self._tend()
            try:
                return self._requested(method, path, **arguments)
            except httpx.TransportError as error:
                # Only where the server cannot have got it may a request that changes something be sent again.
                is_safe = method == "GET" or isinstance(error, httpx.ConnectError)
                if not (self._tend and is_safe) or time.monotonic() > deadline:
                    raise
            time.sleep(_POLL_SECONDS)

    def _requested(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        if "authorization" not in self._http.headers:
            self._http.headers["authorization"] = f"Bearer {self.token()}"
        answer = self._http.request(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token's day is over
            self._http.headers["authorization"] = f"Bearer {self.token()}"
            answer = self._http.request(method, path, **arguments)
        answer.raise_for_status()
        return dict(answer.json())

    def token(self) -> str:
        """Return a new token, valid for a day. Raises LogInRefused."""
        answer = self._http.post("/auth/token", json=self._account)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise LogInRefused(
                f"logging in to Airflow at {self._base_url} as {self._account['username']}: refused; let "
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS name this user, or leave it unset"
            )
        answer.raise_for_status()
        return str(answer.json()["access_token"])


def _moment_of(error: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(error["timestamp"])


def _reason(error: dict[str, Any]) -> str:
    return f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}"


def _refusal(response: httpx.Response) -> str:
    """Return the first line of Airflow's error: the rest of a message about a param is its schema."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}"
    first_line, *_ = (detail if isinstance(detail, str) else json.dumps(detail)).splitlines() or [""]
    return first_line
