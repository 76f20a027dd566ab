"""A second terminal finds the running stack, whatever its orders, or lists the stacks that run."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aisle.errors import ConfigurationError, UnusableSettings
from services.cli.program import run
from services.stack.blueprint import Addresses
from services.stack.postgres import free_port
from services.stack.processes import MARK, count_marked
from services.stack.running import DESCRIPTION, LOCK, EndedStack, NoStack, end_stack, running_stack, take_lock
from services.stack.settings import StackSettings
from services.stack.supervisor import Stack

ADDRESSES = {**dict.fromkeys(Addresses.__dataclass_fields__, ""), "airflow_port": 8080}
#: What holds a lock as a supervisor does, and ends by the signal that ends one.
SUPERVISOR = """
import fcntl, os, signal, sys
lock = open(sys.argv[1], "a+")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.truncate(0); lock.write(str(os.getpid())); lock.flush()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("up", flush=True)
signal.pause()
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("COMPANY_API_SCALE", "COMPANY_API_ORDERS", "COMPANY_API_SPOILT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STACK_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def start(root: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a supervisor of a home, which has written its addresses unless it is only starting."""
    with ExitStack() as running:

        def started(name: str, *, is_starting: bool = False) -> subprocess.Popen[str]:
            home = root / name
            home.mkdir()
            supervisor = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", SUPERVISOR, str(home / LOCK)], stdout=subprocess.PIPE, text=True
                )
            )
            running.callback(supervisor.terminate)
            assert supervisor.stdout is not None
            assert supervisor.stdout.readline() == "up\n"
            if not is_starting:
                (home / DESCRIPTION).write_text(json.dumps(ADDRESSES))
            return supervisor

        yield started


@pytest.mark.parametrize("name", ["small", "tiny", "reference-spoilt", "orders-0a1b2c3d"])
def test_the_only_stack_that_runs_is_found_whatever_its_orders(
    name: str, root: Path, start: Callable[..., object]
) -> None:
    start(name)
    assert running_stack().home == root / name


def test_a_stack_that_runs_goes_before_what_a_killed_one_left(root: Path, start: Callable[..., object]) -> None:
    (root / "small").mkdir()
    (root / "small" / DESCRIPTION).write_text(json.dumps(ADDRESSES))
    start("tiny")
    assert running_stack().home == root / "tiny"


def test_of_several_the_one_that_the_environment_names_is_found(
    root: Path, start: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    start("small")
    start("tiny")
    with pytest.raises(NoStack) as refused:
        running_stack()
    assert refused.value.running == (root / "small", root / "tiny")
    monkeypatch.setenv("COMPANY_API_SCALE", "tiny")
    assert running_stack().home == root / "tiny"


def test_orders_that_no_stack_has_are_refused_with_those_that_run(
    start: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    start("small")
    monkeypatch.setenv("COMPANY_API_SCALE", "reference")
    with pytest.raises(NoStack, match=r"reference.*small"):
        running_stack()


def test_the_error_for_a_stack_that_is_starting_says_so(start: Callable[..., object]) -> None:
    start("tiny", is_starting=True)
    with pytest.raises(NoStack, match="tiny"):
        running_stack()


@pytest.mark.parametrize("command", ["psql", "token", "erase"])
def test_a_command_without_a_stack_ends_with_status_1_and_one_line(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAREHOUSE_URL", raising=False)
    assert run([command]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "make up" in line


@pytest.mark.parametrize("name", ["tiny", "reference", "orders-0a1b2c3d"])
def test_down_ends_the_stack_that_runs_whatever_its_orders(
    name: str, start: Callable[..., subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = start(name)
    assert run(["down"]) == 0
    assert supervisor.wait(60) == 0
    assert f"/{name}" in capsys.readouterr().out.replace("\n", "")


@pytest.mark.parametrize(("scale", "is_told"), [("", "small, tiny"), ("reference", "small, tiny")])
def test_down_ends_nothing_and_fails_where_the_stack_that_is_meant_does_not_run_alone(
    scale: str, is_told: str, start: Callable[..., subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    supervisors = start("small"), start("tiny")
    monkeypatch.setenv("COMPANY_API_SCALE", scale)
    assert run(["down"]) == 1
    assert is_told in capsys.readouterr().err
    assert [supervisor.poll() for supervisor in supervisors] == [None, None]


def test_down_where_nothing_runs_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["down"]) == 0
    printed = capsys.readouterr().out
    assert "nothing to end" in printed
    assert "ended 0" not in printed


def test_down_ends_what_a_killed_start_has_left(root: Path) -> None:
    (root / "tiny").mkdir()
    (root / "tiny" / LOCK).touch()
    left = subprocess.Popen(
        [sys.executable, "-c", "print('up', flush=True); input()"],
        env={MARK: str(root / "tiny")}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    with left:
        assert left.stdout is not None
        assert left.stdout.readline() == "up\n"
        assert end_stack() == EndedStack(root / "tiny", 1)
        assert count_marked(root / "tiny") == 0


def test_a_look_at_who_runs_keeps_no_supervisor_from_its_home(root: Path) -> None:
    (root / "tiny").mkdir()
    (root / "tiny" / LOCK).touch()
    with pytest.raises(NoStack):
        running_stack()
    with (root / "tiny" / LOCK).open("a+") as lock:
        assert take_lock(lock)


# -- ports -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("name", ["airflow_port", "serving_port", "reports_port", "engine_port", "s3_port"])
def test_a_default_port_that_is_taken_is_reported_and_replaced(
    name: str, taken: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StackSettings.model_fields[name], "default", taken)
    StackSettings.model_rebuild(force=True)
    said: list[str] = []
    try:
        port = Stack(StackSettings(root=root), say=said.append)._port(name)
    finally:
        monkeypatch.undo()
        StackSettings.model_rebuild(force=True)
    assert port != taken
    (message,) = said
    assert f"port {taken}" in message
    assert str(port) in message
    assert f"STACK_{name.upper()}" in message


@pytest.mark.parametrize("name", ["airflow_port", "serving_port", "company_api_port", "s3_port"])
def test_a_port_that_was_asked_for_and_is_taken_is_refused(name: str, taken: int, root: Path) -> None:
    stack = Stack(StackSettings(root=root, **{name: taken}))  # type: ignore[arg-type]
    with pytest.raises(UnusableSettings, match=f"port {taken}.*STACK_{name.upper()}"):
        stack._port(name)


def test_a_port_that_is_free_is_taken_without_a_word(root: Path) -> None:
    free, said = free_port(), list[str]()
    assert Stack(StackSettings(root=root, airflow_port=free), say=said.append)._port("airflow_port") == free
    assert said == []


@pytest.mark.parametrize("described", ["{}", '{"airflow_port": 8080}', "", "{"], ids=repr)
def test_a_stack_of_another_version_is_named_as_one(root: Path, described: str) -> None:
    (root / "tiny").mkdir()
    (root / "tiny" / DESCRIPTION).write_text(described)
    with pytest.raises(ConfigurationError, match="make down"):
        running_stack()
