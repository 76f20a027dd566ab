"""A full disk: calls fail with that reason and change nothing, jobs fail with it, and with free space they resume."""

from __future__ import annotations

import errno
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from personalize_kinds.kinds import DATASET_GROUP, DATASET_IMPORT_JOB
from services.engine import lifecycle
from services.engine.app import Engine
from services.engine.disk import is_full
from services.engine.http import create_app
from services.engine.resources import Resource
from services.engine.settings import EngineSettings
from services.engine.store import Store
from tests.unit.services.engine.control import ROLE, Control
from tests.waiting import wait_for

FULL = Path("/dev/full")
has_full_device = pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no /dev/full")
TAGS = [{"tagKey": f"k{n}", "tagValue": "v" * 200} for n in range(50)]


def full() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def fill(connection: sqlite3.Connection) -> None:
    """Let a database have no page more than it has: SQLite then says what it says on a full disk."""
    (pages,) = connection.execute("pragma page_count").fetchone()
    connection.execute(f"pragma max_page_count = {pages}")


def make_room(connection: sqlite3.Connection) -> None:
    connection.execute("pragma max_page_count = 1000000")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(EngineSettings(data_dir=tmp_path)), "http://127.0.0.1") as client:
        wait_for(lambda: client.get("/health/ready").is_success, "the engine to open its data")
        yield client


@pytest.fixture
def engine(client: TestClient) -> Engine:
    opened: Engine = client.app.state.opening.result()  # type: ignore[attr-defined]
    return opened


def control_call(client: TestClient, operation: str, **request: Any) -> Any:
    return client.post("/", headers={"X-Amz-Target": f"AmazonPersonalize.{operation}"}, content=json.dumps(request))


def test_call_that_finds_the_disk_full_fails_with_that_reason_and_changes_nothing(
    client: TestClient, engine: Engine
) -> None:
    connection = engine.store._connection
    fill(connection)
    for number in range(1_000):
        answer = control_call(client, "CreateDatasetGroup", name=f"group-{number}", tags=TAGS)
        if answer.status_code != 200:
            break
    assert (answer.status_code, answer.json()["__type"]) == (503, "ServiceUnavailable")
    assert "No space is left in ENGINE_DATA_DIR" in answer.json()["message"]
    assert len(control_call(client, "ListDatasetGroups").json()["datasetGroups"]) == number
    make_room(connection)
    assert control_call(client, "CreateDatasetGroup", name=f"group-{number}", tags=TAGS).status_code == 200
    assert len(control_call(client, "ListDatasetGroups").json()["datasetGroups"]) == number + 1


def test_events_that_find_the_disk_full_are_refused_and_later_ones_kept(client: TestClient, engine: Engine) -> None:
    control = Control.__new__(Control)
    control.store, control.files, control.jobs, control.provider = engine.store, engine.files, {}, engine.provider
    group = control.group()
    tracker = control.created("EventTracker", name="web", datasetGroupArn=group)
    tracking_id = control.described("EventTracker", tracker)["trackingId"]
    records = engine.provider.datasets.records
    fill(records._connection)

    def put(number: int) -> Any:
        events = [{"eventType": "click", "itemId": f"i{place}" + "x" * 200, "sentAt": number} for place in range(10)]
        body = {"trackingId": tracking_id, "userId": "u", "sessionId": "s", "eventList": events}
        return client.post("/events", content=json.dumps(body))

    for number in range(1_000):
        answer = put(number)
        if answer.status_code != 200:
            break
    assert (answer.status_code, answer.json()["__type"]) == (503, "ServiceUnavailable")
    assert answer.headers["x-amzn-errortype"] == "ServiceUnavailable"
    assert "No space is left in ENGINE_DATA_DIR" in answer.json()["message"]
    assert records.count() == 10 * number
    make_room(records._connection)
    assert put(number).status_code == 200
    assert records.count() == 10 * (number + 1)


@pytest.mark.parametrize("failing", ["commit", "rollback as well"])
def test_commit_that_fails_leaves_no_transaction_open(tmp_path: Path, failing: str) -> None:
    """Or every later one would be within it, and nothing would ever be on disk again."""
    store = Store(tmp_path / "engine.sqlite")
    connection = _FailingOnce(store._connection, ends_it=failing != "commit")
    store._connection = connection  # type: ignore[assignment]
    with pytest.raises(sqlite3.OperationalError, match="full"):
        store.add(group("first"))
    store.add(group("second"))
    store.close()
    kept = Store(tmp_path / "engine.sqlite").page(DATASET_GROUP)
    assert [resource.tail for resource in kept] == ["second"]


def group(name: str) -> Resource:
    return Resource.create(DATASET_GROUP, "us-east-1", name, {"name": name})


class _FailingOnce:
    """A connection whose first commit finds the disk full; SQLite may then have ended the transaction itself."""

    def __init__(self, connection: sqlite3.Connection, *, ends_it: bool) -> None:
        self._connection = connection
        self._ends_it = ends_it
        self._has_failed = False

    def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
        if statement == "commit" and not self._has_failed:
            self._has_failed = True
            if self._ends_it:
                self._connection.execute("rollback")
            raise full()
        return self._connection.execute(statement, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def importing(control: Control, job: lifecycle.Job) -> str:
    """The ARN of an import that has this job."""
    control.jobs[DATASET_IMPORT_JOB.noun] = job
    group_arn = control.group()
    dataset = control.ListDatasets(datasetGroupArn=group_arn)["datasets"][0]["datasetArn"]
    source = {"dataLocation": "s3://shop/a.csv"}
    request = {"jobName": "import", "datasetArn": dataset, "dataSource": source, "roleArn": ROLE}
    return str(control.CreateDatasetImportJob(**request)["datasetImportJobArn"])


@pytest.mark.parametrize(
    "error",
    [full(), OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EDQUOT, "Disk quota exceeded")],
    ids=["database", "disk", "quota"],
)
def test_job_that_finds_the_disk_full_fails_with_that_reason(tmp_path: Path, error: Exception) -> None:
    control = Control(tmp_path)

    def job(_resource: Resource) -> lifecycle.Completion:
        raise error

    settled = control.settled("DatasetImportJob", importing(control, job))
    assert settled["status"] == "CREATE FAILED"
    assert settled["failureReason"].startswith("No space is left in ENGINE_DATA_DIR")


@pytest.mark.parametrize(("n_failing", "status"), [(4, "ACTIVE"), (5, "CREATE FAILED")])
def test_job_whose_end_cannot_be_written_down_ends_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_failing: int, status: str
) -> None:
    """Each try writes that it is done and, when that fails, that it has failed."""
    monkeypatch.setattr(lifecycle, "SECONDS_BETWEEN_TRIES", 0.01)
    control = Control(tmp_path)
    tries: list[str] = []
    save = Store.save

    def save_on_a_full_disk(store: Store, *resources: Resource) -> None:
        ending = any(resource.status in ("ACTIVE", "CREATE FAILED") and resource.kind is DATASET_IMPORT_JOB
                     for resource in resources)  # fmt: skip
        if ending and len(tries) < n_failing:
            tries.append("failed")
            raise full()
        save(store, *resources)

    monkeypatch.setattr(Store, "save", save_on_a_full_disk)
    arn = importing(control, lambda _: lambda _: None)
    assert control.settled("DatasetImportJob", arn)["status"] == status
    assert len(tries) == n_failing


def write_text() -> None:
    FULL.write_text("a")


def save_array() -> None:
    with FULL.open("wb") as file:
        np.save(file, np.zeros(10))


def write_array() -> None:
    with FULL.open("wb") as file:
        np.zeros(100_000).tofile(file)


@has_full_device
@pytest.mark.parametrize("write", [write_text, save_array, write_array])
def test_a_device_without_space_is_a_full_disk_to_every_writer(write: Callable[[], None]) -> None:
    with pytest.raises(OSError) as raised:  # noqa: PT011
        write()
    assert is_full(raised.value)


@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError("disk I/O error"), OSError(errno.EACCES, "Permission denied"), OSError("no such thing"),
     ValueError("100 requested and 0 written"), sqlite3.IntegrityError("taken")],
)  # fmt: skip
def test_other_faults_are_no_full_disk(error: Exception) -> None:
    assert not is_full(error)


class _Steps:
    """Steps that fail so often with an error before they work, and the log of the threads that take them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lifecycle, "SECONDS_BETWEEN_TRIES", 0.001)
        self._closed = threading.Event()

    def logged(self, n_failing: int, error: Exception) -> list[dict[str, Any]]:
        tries, done = list[int](), threading.Event()

        def step() -> None:
            tries.append(1)
            if len(tries) <= n_failing:
                raise error
            workers.submit(done.set)

        with capture_logs() as logged:
            workers = lifecycle._Workers("steps", 1, self._closed)
            workers.submit(step)
            if not lifecycle.is_full(error):
                workers.submit(done.set)
            assert done.wait(60)
        self._closed.set()
        return [dict(entry) for entry in logged]


@pytest.mark.parametrize("n_failing", [1, 3, 50])
@pytest.mark.parametrize("error", [full(), OSError(errno.ENOSPC, "No space left on device")], ids=["database", "disk"])
def test_a_full_disk_is_logged_once_without_a_traceback_and_its_end_too(
    monkeypatch: pytest.MonkeyPatch, n_failing: int, error: Exception
) -> None:
    logged = _Steps(monkeypatch).logged(n_failing, error)
    assert [entry["event"] for entry in logged] == ["disk full", "disk has room again"]
    assert not any("exc_info" in entry for entry in logged)


def test_any_other_error_is_logged_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = _Steps(monkeypatch).logged(1, ValueError("a bug"))
    assert (entry["event"], entry["exc_info"]) == ("step broke", True)
