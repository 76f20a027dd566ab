"""What parsing a DAG file costs, counted: on a busy machine as on an idle one it is the same."""

from __future__ import annotations

import cProfile
import pstats
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: A file that builds many tasks makes 100,000 calls; one that computes while it is parsed makes more.
MOST_CALLS = 400_000
#: What a file has no business to do while it is parsed, as Python audits it.
_OUTSIDE = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.exec", "os.fork", "os.system"}


@dataclass(frozen=True, slots=True)
class Effort:
    """Functions called, and what was done outside the process."""

    n_calls: int
    outside: list[str]


class _Watch:
    """Notes what is done outside while it looks. A hook of Python's audit stays for ever, so there is one for all."""

    def __init__(self) -> None:
        self.seen: list[str] | None = None
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.seen is not None and event in _OUTSIDE:
            self.seen.append(f"{event} {arguments[:2]}")


_watch = _Watch()


def parsed(path: Path) -> Any:
    """The DAGs of a file or a folder."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(path))


def effort_of_parsing(file: Path) -> Effort:
    """What one more parse of a file costs; imports that the first one made are done."""
    parsed(file)
    profile, _watch.seen = cProfile.Profile(), []
    try:
        profile.runcall(parsed, file)
        outside = _watch.seen
    finally:
        _watch.seen = None
    return Effort(pstats.Stats(profile).total_calls, outside)  # type: ignore[attr-defined]
