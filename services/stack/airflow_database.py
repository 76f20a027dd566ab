"""Prepare Airflow's database before Airflow starts: its tables and pools."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from aisle.errors import ConfigurationError, FinalError
from aisle.pipeline import POOLS
from services.stack.processes import command_of, environment_of
from services.stack.secrets import write_private


class AirflowNotReady(FinalError):
    """A command that prepares Airflow's database failed; the message ends with its output."""


def is_ready(home: Path, database_url: str, pools: Path) -> bool:
    """Whether it was prepared for this version of Airflow, this database and these pools."""
    stamp = _stamp(home)
    return stamp.exists() and stamp.read_text() == _wanted(database_url, pools)


def make_ready(home: Path, database_url: str, pools: Path, environment: Mapping[str, str]) -> None:
    """Create tables and pools. It takes seconds even if there is nothing to do: call `is_ready` first."""
    check_pools(pools)
    _stamp(home).parent.mkdir(exist_ok=True)
    for arguments in (("db", "migrate"), ("pools", "import", str(pools.resolve()))):
        _airflow(arguments, environment_of(environment, home), home)
    write_private(_stamp(home), _wanted(database_url, pools))


def _stamp(home: Path) -> Path:
    return home / "airflow" / "migrated"


def _wanted(database_url: str, pools: Path) -> str:
    """Hash what a preparation depends on, without the port of an embedded database, which changes with every start."""
    about = version("apache-airflow"), database_url.rsplit(":", 1)[0], pools.read_text()
    return hashlib.sha256("\n".join(about).encode()).hexdigest()


def check_pools(pools: Path) -> None:
    """Raise ConfigurationError if the file lacks a pool of a task, which would wait for ever."""
    try:
        missing = set(POOLS) - set(json.loads(pools.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"reading the pools of Airflow from {pools}: {error}; write it as include/airflow/pools.json is"
        ) from error
    if missing:
        raise ConfigurationError(
            f"reading the pools of Airflow from {pools}: {', '.join(sorted(missing))} is not among them, though tasks "
            "wait in it; add it, as in include/airflow/pools.json"
        )


def _airflow(arguments: tuple[str, ...], environment: dict[str, str], home: Path) -> None:
    finished = subprocess.run(
        command_of(("airflow", *arguments)), env=environment, check=False, capture_output=True, text=True, cwd=home
    )
    if finished.returncode:
        output = (finished.stdout + finished.stderr)[-2000:]
        raise AirflowNotReady(f"`airflow {' '.join(arguments)}` failed:\n{output}")
