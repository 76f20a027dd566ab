"""Start, find and end the programs of one stack, so that none is left behind.

Every program carries the stack's home in its environment (`STACK_MARK`). Whatever still carries it after a stop, or
after the stack itself was killed, belongs to this stack and nobody else, and is ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import psutil

from services.stack.blueprint import Component

MARK = "STACK_MARK"
_STOP_SECONDS = 20
_SWEEPS = 5
_CALLERS = ("AISLE_", "AIRFLOW__", "ENGINE_BUCKETS", "SERVING_REAL_TIME")


class Program:
    """One running component: a process group with a log file."""

    def __init__(self, component: Component, home: Path) -> None:
        self.component = component
        self.log = home / "logs" / f"{component.name}.log"
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command_of(self.component.command),
                env=environment_of(self.component.environment, self._home),
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                cwd=self._home, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.component.name} was not started")
        return self._process.pid

    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def is_healthy(self) -> bool:
        if self.has_ended():
            return False
        return self.component.health_url is None or answers(self.component.health_url)

    def signal(self, number: int) -> None:
        """Send a signal to the whole process group."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def wait(self, seconds: float) -> None:
        if self._process is not None:
            try:
                self._process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self._process.wait()

    def tail(self, characters: int = 2000) -> str:
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else "(no log)"


def command_of(command: tuple[str, ...]) -> list[str]:
    """Return the command with the program from the interpreter's folder, independent of PATH."""
    return [str(Path(sys.executable).with_name(command[0])), *command[1:]]


def environment_of(component: Mapping[str, str], home: Path) -> dict[str, str]:
    """The caller's environment below the component's own.

    What the caller set for Aisle or Airflow wins, and further buckets for the engine.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    chosen = {name: value for name, value in inherited.items() if value and name.startswith(_CALLERS)}
    return {**inherited, **component, **chosen, MARK: str(home), "PYTHONUNBUFFERED": "1"}


def answers(url: str) -> bool:
    """Whether a GET gives status 200 within two seconds."""
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def stop_all(programs: list[Program]) -> None:
    """End the programs, the last started first, and then every other process with the mark of their home."""
    for program in reversed(programs):
        program.signal(signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    for program in reversed(programs):
        program.wait(max(0.1, deadline - time.monotonic()))


def sweep(home: Path) -> int:
    """End every process with this home's mark, also those that they start while they end; return their number."""
    n_ended = 0
    for _ in range(_SWEEPS):
        left = list(_marked(home))
        if not left:
            break
        n_ended += len(left)
        for process in left:
            _quietly(process.terminate)
        _, alive = psutil.wait_procs(left, timeout=5)
        for process in alive:
            _quietly(process.kill)
        psutil.wait_procs(alive, timeout=5)
    return n_ended


def count_marked(home: Path) -> int:
    """Return the number of processes with this home's mark."""
    return sum(1 for _ in _marked(home))


def _marked(home: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(home):
                yield process
        except psutil.Error:
            continue  # somebody else's, or just gone


def _quietly(action: object) -> None:
    try:
        action()  # type: ignore[operator]
    except psutil.NoSuchProcess:
        return
