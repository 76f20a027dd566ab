"""The dbt project in dbt/, run inside this process: build its models with their tests, write its documentation.

dbt runs in process, not as a program of its own, so that it ends with the task that started it and imports once.
It is kept quiet; its log and artifacts stay in the run's own folder, and the error says what failed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from aisle.errors import FinalError, RetryableError
from aisle.settings import PROJECT_ROOT, get_settings
from aisle.stages.transform import extent
from aisle.stages.transform.extent import Extent
from aisle.warehouse import connect, sql

PROJECT = PROJECT_ROOT / "dbt"
#: One folder per run key: manifest, run results, compiled SQL and log of its last try.
RUNS_KEPT = 20
MART_SCHEMAS = ("core", "personalize")
#: How many broken nodes an error message spells out.
_NODES_TOLD = 10
#: Nothing on the task's own log, nothing sent to anybody.
_FLAGS = (
    "--log-level=none",
    "--log-level-file=info",
    "--no-use-colors",
    "--no-use-colors-file",
    "--no-version-check",
    "--no-send-anonymous-usage-stats",
)


class TransformBroken(RetryableError):
    """dbt could not do its work: no connection, a deadlock, a statement that failed."""


class DataTestsFailed(FinalError):
    """The data is not what the project's tests promise; what depends on it was not built."""


@dataclass(frozen=True, slots=True)
class Mart:
    """One table that a build has written. `name` is schema.table, `rows` is how many rows were written."""

    name: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Build:
    """What a build computed and why, and the marts that it wrote."""

    extent: Extent
    marts: list[Mart]


def build(warehouse: str, run_folder: Path, *, is_full: bool = False) -> Build:
    """Build seeds and models and run their data tests, in the order of their dependencies.

    `warehouse` is a libpq URL. Computes only what changed orders touch where that is enough (see extent), unless
    `is_full`. Unit tests are left out: they test the code, not the data. Nobody erased meanwhile is in a mart.
    Raises DataTestsFailed or TransformBroken, which name the nodes and what they said; the next build is a full one.
    Raises TransformBroken without any change while another build runs.
    """
    with _turn(warehouse):
        with _transaction(warehouse) as connection:
            begun = extent.begin(connection, _definition(), is_full=is_full)
        command = ("build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if begun.is_full else []))
        results = _dbt(*command, warehouse=warehouse, run_folder=run_folder)
        with _transaction(warehouse) as connection:
            _forget_erased_meanwhile(connection)
            connection.execute(sql("roles/share_marts").encode())
            extent.finish(connection, begun, [_table(result.node) for result in results if _is_table(result.node)])
    return Build(begun, [_mart(result) for result in results if _is_mart(result.node)])


def _forget_erased_meanwhile(connection: psycopg.Connection) -> None:
    """Remove from the marts whoever was erased while they were built, so that no export tells of the person."""
    connection.execute(sql("identity/erasure_requests/await_erasures").encode())
    rows = connection.execute(sql("identity/personal_data/written_again").encode()).fetchall()
    if rows:
        connection.execute(
            sql("identity/personal_data/forget").encode(), {"user_ids": [user_id for (user_id,) in rows]}
        )


def document(warehouse: str, run_folder: Path, page: Path) -> None:
    """Write the project's documentation to `page`: one HTML file that needs no server and no internet.

    The page is replaced in one step, so a reader never sees half of it.
    """
    _dbt("docs", "generate", "--static", "--no-compile", warehouse=warehouse, run_folder=run_folder)
    page.parent.mkdir(parents=True, exist_ok=True)
    fresh = page.with_suffix(".fresh")
    shutil.copyfile(run_folder / "static_index.html", fresh)
    fresh.replace(page)


def forget_old_runs(runs: Path, kept: int = RUNS_KEPT) -> None:
    """Remove the folders of all but the newest runs."""
    folders = sorted(
        (folder for folder in runs.iterdir() if folder.is_dir()), key=lambda folder: folder.stat().st_mtime
    )
    for folder in folders[:-kept]:
        shutil.rmtree(folder, ignore_errors=True)


def _dbt(*command: str, warehouse: str, run_folder: Path) -> list[Any]:
    """Run one dbt command and return the results of its nodes, if it has any."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - dbt takes 1.7 s, parsing a DAG has 0.5

    places = {"project-dir": PROJECT, "profiles-dir": PROJECT, "target-path": run_folder, "log-path": run_folder}
    options = {**places, "vars": json.dumps(_variables())}
    arguments = [*command, *(part for name, value in options.items() for part in (f"--{name}", str(value)))]
    with _environment(**warehouse_variables(warehouse)):
        outcome = dbtRunner().invoke([*_FLAGS, *arguments])
    asked = " ".join(command)
    if outcome.exception:
        raise TransformBroken(
            f"dbt {asked} did not run: {outcome.exception}; see {run_folder / 'dbt.log'}, then run the task again"
        ) from outcome.exception
    results = list(getattr(outcome.result, "results", None) or [])
    if not outcome.success:
        raise _failure(asked, results, run_folder)
    return results


def _variables() -> dict[str, Any]:
    """The variables of dbt/dbt_project.yml that settings give."""
    settings = get_settings()
    return {
        "event_types": settings.transform.exported_event_types,
        "churn_horizon_days": settings.churn.horizon_days,
        "churn_max_dates": settings.churn.max_dates,
    }


def _definition() -> str:
    """Return the digest of all that the rows of the marts depend on besides the orders."""
    settings = json.dumps(_variables(), sort_keys=True)
    digest = hashlib.sha256(f"{settings} {version('dbt-core')} {version('dbt-postgres')}".encode())
    folders = ("macros", "models", "seeds")
    files = [PROJECT / "dbt_project.yml", *(path for name in folders for path in (PROJECT / name).rglob("*.*"))]
    for path in sorted(files):
        digest.update(f"{path.relative_to(PROJECT)} ".encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _transaction(warehouse: str) -> Iterator[psycopg.Connection]:
    try:
        with connect(warehouse) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise TransformBroken(
            f"reading or writing ops.mart_builds in the warehouse: {_one_line(error)}; see that PostgreSQL is up, then "
            "run the task again"
        ) from error


@contextmanager
def _turn(warehouse: str) -> Iterator[None]:
    """Keep other builds out for the block, also those of a task that Airflow has given up but that still runs."""
    with _transaction(warehouse) as connection:
        row = connection.execute(sql("ops/mart_builds/take_turn").encode()).fetchone()
        connection.commit()  # the turn is the session's: no transaction stays open beside the build
        if row != (True,):
            raise TransformBroken(
                "building the marts: another build of this warehouse runs; when it has ended, run the task again"
            )
        yield


def _failure(asked: str, results: list[Any], run_folder: Path) -> TransformBroken | DataTestsFailed:
    broken = [result for result in results if result.status == "error"]
    failed = [result for result in results if result.status == "fail"]
    skipped = sum(result.status == "skipped" for result in results)
    messages = [f"{result.node.name}: {_one_line(result.message)}" for result in (broken + failed)[:_NODES_TOLD]]
    message = (
        f"dbt {asked}: {len(broken)} nodes failed, {len(failed)} data tests failed, {skipped} nodes were skipped: "
        f"{'; '.join(messages)}. "
    )
    if broken:
        return TransformBroken(f"{message}Fix what they name, or run the task again; see {run_folder / 'dbt.log'}")
    return DataTestsFailed(f"{message}Fix the data (or the test, if it is too strict) and run the task again")


def _one_line(message: object) -> str:
    return " ".join(str(message).split())


def _is_table(node: Any) -> bool:
    return node.resource_type == "model" and node.config.materialized in ("table", "incremental")


def _table(node: Any) -> str:
    return f"{node.schema}.{node.name}"


def _is_mart(node: Any) -> bool:
    return _is_table(node) and node.schema in MART_SCHEMAS


def _mart(result: Any) -> Mart:
    return Mart(_table(result.node), int(result.adapter_response["rows_affected"]), float(result.execution_time))


def warehouse_variables(warehouse: str) -> dict[str, str]:
    """Return the variables that dbt/profiles.yml reads."""
    parts = conninfo_to_dict(warehouse)
    named = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "DB": "dbname"}
    return {f"WAREHOUSE_{name}": str(parts[part]) for name, part in named.items() if parts.get(part) is not None}


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set these variables for the block: dbt's profile reads only the environment, and nothing else needs them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
