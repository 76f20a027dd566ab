"""One demo run twice by its command, then its stack started again for the tests that disturb it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.stack.postgres import EmbeddedPostgres
from services.stack.processes import count_marked
from services.stack.settings import StackSettings
from services.stack.supervisor import Stack

ROOT = Path(__file__).parents[2]
#: Airflow's settings here: tasks are many and short, so the scheduler polls often. DAGs do not change: each is parsed
#: once.
_SHORT_TASKS = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
}
#: A demo takes two minutes on a quiet machine, and more than ten on a busy one.
_HANGS_AFTER_SECONDS = 3_000
#: What a walk that finds nothing new may still write: its own records, and the cache generation.
_MAY_CHANGE = ("ops.", "cache.", "serving.churn_predictions")  # each scoring is kept beside those before


@dataclass(frozen=True)
class Walk:
    """One demo that ended well: what it printed, how many programs it left, its summary, the tables after it."""

    output: str
    left: int
    summary: dict[str, Any]
    tables: dict[str, str]

    @property
    def unchanging_tables(self) -> dict[str, str]:
        """The tables that a walk without news must leave alone, row for row."""
        return {name: value for name, value in self.tables.items() if not name.startswith(_MAY_CHANGE)}


def environment(root: Path) -> dict[str, str]:
    """Small enough for a test; ports of its own."""
    ports = {
        f"STACK_{name}_PORT": "0"
        for name in ("AIRFLOW", "SERVING", "REPORTS", "ENGINE", "COMPANY_API", "S3", "POSTGRES")
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AISLE_", "AWS_"))}
    tiny = {"STACK_ROOT": str(root), "COMPANY_API_SCALE": "tiny", "SCALE": "tiny", "ORDERS": ""}
    return {**kept, **ports, **tiny, **_SHORT_TASKS}


def walk(root: Path) -> Walk:
    """The demo that ends by itself, by its command."""
    finished = subprocess.run(
        ["make", "demo", "ONCE=1", "SCALE=tiny"],
        cwd=ROOT, env=environment(root), capture_output=True, text=True, check=False, timeout=_HANGS_AFTER_SECONDS,
    )  # fmt: skip
    return _walked(root, finished.returncode, finished.stdout + finished.stderr)


def walk_until_interrupted(root: Path) -> Walk:
    """The demo that stays up, ended as Ctrl-C ends it."""
    demo = subprocess.Popen(
        [ROOT / ".venv" / "bin" / "aisle", "demo"],
        cwd=ROOT, env=environment(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    output = ""
    assert demo.stdout is not None
    for line in demo.stdout:
        output += line
        if "stays up" in line:
            os.killpg(demo.pid, signal.SIGINT)
            os.killpg(demo.pid, signal.SIGINT)  # an impatient second Ctrl-C changes nothing
    return _walked(root, demo.wait(60), output)


def _walked(root: Path, status: int, output: str) -> Walk:
    assert status == 0, output
    left = count_marked((root / "tiny").resolve())
    summary = json.loads((root / "summary.json").read_text())
    return Walk(output, left, summary, fingerprints(root / "tiny" / "postgres"))


def fingerprints(postgres_home: Path) -> dict[str, str]:
    """One hash per table over all its rows, whatever their order on disk."""
    server = EmbeddedPostgres(postgres_home)
    server.start()
    try:
        with psycopg.connect(server.url("warehouse")) as connection:
            names = connection.execute(
                "select table_schema || '.' || table_name from information_schema.tables"
                " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            return {name: _fingerprint(connection, name) for (name,) in names}
    finally:
        server.stop()


def _fingerprint(connection: psycopg.Connection, name: str) -> str:
    # xmin is part of it: a row rewritten with equal values counts as changed.
    rows = f"select md5(t.xmin::text || t::text) as row_hash from {name} t"
    query = f"select count(*) || ' ' || coalesce(md5(string_agg(row_hash, '' order by row_hash)), '') from ({rows}) r"
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture(scope="session")
def demo_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def first_walk(demo_root: Path) -> Walk:
    return walk(demo_root)


@pytest.fixture(scope="session")
def second_walk(demo_root: Path, first_walk: Walk) -> Walk:
    return walk_until_interrupted(demo_root)


@pytest.fixture(scope="package")
def stack(demo_root: Path, second_walk: Walk) -> Iterator[Stack]:
    """The same home, running, with an engine slow enough to be caught at work. A person approves each new model."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "AISLE_", "AWS_"))]:
            patch.delenv(name)
        for name, value in environment(demo_root).items():
            patch.setenv(name, value)
        patch.setenv("ENGINE_STEP_SECONDS", "3")
        patch.setenv("AISLE_EVALUATE__APPROVAL", "true")
        patch.setenv("AISLE_EVALUATE__WITHOUT_EVIDENCE", "promote")  # in so small a shop nothing can be measured
        with Stack(StackSettings()).running() as running:
            yield running
