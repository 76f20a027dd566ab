"""A thousand waits at once in one triggerer: CPU, memory, and the time from the end of the jobs to the next tasks.

    python -m benchmarks.airflow.deferred_waits                       # 1,000 waits for 10 jobs
    python -m benchmarks.airflow.deferred_waits --waits 4000 --delay 60

Starts PostgreSQL, an engine whose jobs take a while, and one `airflow triggerer` with its defaults, each in a process
of its own. The tasks are written into Airflow's tables as a worker does when it defers. The rest is Airflow's: the
triggerer starts the triggers, polls the jobs every `--delay` seconds, and hands the tasks back to the scheduler. No
scheduler runs, so that only the triggerer is measured. A wait should notice the end of its job within `--delay`
seconds; a longer time is the triggerer's backlog.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg

from benchmarks.engine.contenders import machine
from benchmarks.engine.wire import ROOT, _wait_for
from services.stack.postgres import EmbeddedPostgres, free_port

RESULT = ROOT / "benchmarks" / "results" / "airflow_deferred_waits.json"
CAPACITY = 1_000  # the triggerer's default
_LONGEST_SECONDS = 900

STATES = """
select
    count(*) filter (where trigger.triggerer_id is not null) as taken_up,
    count(*) filter (where task_instance.state = 'scheduled') as resumed
from task_instance
left join trigger on trigger.id = task_instance.trigger_id
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of the triggerer and the tasks. `seconds` are epoch seconds; CPU seconds are since its start."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    taken_up: int
    resumed: int


def main() -> None:
    options = _options()
    settings = {name: value for name, value in vars(options).items() if name != "result"}
    result = {**settings, "machine": machine(), "figures": measure(options)}
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all waits, from the start of the triggerer until the last task may continue."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aisle-waits-")))
        database = stack.enter_context(_postgres(home))
        engine_port = free_port()
        environment = _environment(home, database, engine_port, options)
        _run(environment, "airflow", "db", "migrate")
        stack.enter_context(_program(_engine_command(engine_port, home), environment, home / "engine.log"))
        _wait_for(f"http://127.0.0.1:{engine_port}/health/ready")
        jobs = _start_jobs(engine_port, options.jobs)
        _run(environment, sys.executable, "-m", "benchmarks.airflow.defer_tasks", *_defer_arguments(jobs, options))
        triggerer = stack.enter_context(
            _program([_beside("airflow"), "triggerer"], environment, home / "triggerer.log")
        )
        samples = list(_samples(triggerer, database, options.waits, home / "triggerer.log"))
        return _figures(samples, _ended_at(engine_port, jobs), options.waits)


def table(result: dict[str, Any]) -> str:
    """Write the figures in Markdown."""
    rows = [f"| {name.replace('_', ' ')} | {value:,} |" for name, value in result["figures"].items()]
    return "\n".join([f"| {result['waits']:,} waits, a poll every {result['delay']} s | |", "|---|---|", *rows])


def _figures(samples: list[Sample], ended_at: float, waits: int) -> dict[str, Any]:
    """Compute the figures from the samples. `ended_at` is in epoch seconds."""
    began, last = samples[0], samples[-1]
    up = next(sample for sample in samples if sample.taken_up + sample.resumed == waits)
    waiting = [sample for sample in samples if up.seconds <= sample.seconds <= ended_at]
    first_resumed = next(sample for sample in samples if sample.resumed)
    return {
        "seconds_until_all_are_taken_up": round(up.seconds - began.seconds, 1),
        "cpu_seconds_until_all_are_taken_up": round(up.cpu_seconds, 1),
        "cpu_percent_of_one_core_while_waiting": _percent(waiting),
        "megabytes_at_most": round(max(sample.megabytes for sample in samples)),
        "megabytes_before_the_first_wait": round(began.megabytes),
        "seconds_from_the_jobs_end_to_the_first_task": round(first_resumed.seconds - ended_at, 1),
        "seconds_from_the_jobs_end_to_the_last_task": round(last.seconds - ended_at, 1),
        "cpu_seconds_in_all": round(last.cpu_seconds, 1),
    }


def _percent(samples: list[Sample]) -> float:
    if len(samples) < 2:
        return float("nan")
    return round(
        100 * (samples[-1].cpu_seconds - samples[0].cpu_seconds) / (samples[-1].seconds - samples[0].seconds), 1
    )


def _samples(triggerer: subprocess.Popen[bytes], database: str, waits: int, log: Path) -> Iterator[Sample]:
    """Yield a sample each second until all tasks may continue."""
    deadline = time.time() + _LONGEST_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while triggerer.poll() is None and time.time() < deadline:
            sample = _sample(psutil.Process(triggerer.pid), connection)
            yield sample
            if sample.resumed == waits:
                return
            time.sleep(1)
    raise RuntimeError(f"not all {waits} tasks were resumed; the triggerer's log ends:\n{log.read_text()[-3000:]}")


def _sample(triggerer: psutil.Process, connection: psycopg.Connection[Any]) -> Sample:
    family = [triggerer, *triggerer.children(recursive=True)]
    times = [process.cpu_times() for process in family]
    row = connection.execute(STATES.encode()).fetchone()
    assert row is not None
    return Sample(
        time.time(),
        sum(cpu.user + cpu.system for cpu in times),
        sum(process.memory_info().rss for process in family) / 1e6,
        *row,
    )


# -- the neighbours -------------------------------------------------------------------------------------------------


@contextmanager
def _postgres(home: Path) -> Iterator[str]:
    """Start a server and yield the URL of Airflow's database."""
    server = EmbeddedPostgres(home / "postgres")
    server.start()
    try:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("create database airflow")
        yield server.url("airflow")
    finally:
        server.stop()


@contextmanager
def _program(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _engine_command(port: int, home: Path) -> list[str]:
    return [sys.executable, "-m", "services.engine", "--port", str(port), "--data-dir", str(home / "engine")]


def _beside(program: str) -> str:
    return str(Path(sys.executable).with_name(program))


def _run(environment: dict[str, str], program: str, *arguments: str) -> None:
    command = [_beside(program) if "/" not in program else program, *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def _start_jobs(port: int, number: int) -> list[str]:
    """Create dataset groups, which need no data and take the engine's step seconds twice; return their ARNs."""
    client = boto3.client("personalize", **_client_arguments(port))
    return [client.create_dataset_group(name=f"wait-{n}")["datasetGroupArn"] for n in range(number)]


def _ended_at(port: int, jobs: list[str]) -> float:
    """Return when the last job became ACTIVE, in epoch seconds of the engine's clock."""
    client = boto3.client("personalize", **_client_arguments(port))
    groups = [client.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"] for arn in jobs]
    assert {group["status"] for group in groups} == {"ACTIVE"}
    return float(max(group["lastUpdatedDateTime"].timestamp() for group in groups))


def _client_arguments(port: int) -> dict[str, str]:
    return {
        "endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1",
        "aws_access_key_id": "aisle", "aws_secret_access_key": "aisle-secret",
    }  # fmt: skip


def _environment(home: Path, database: str, engine_port: int, options: argparse.Namespace) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AISLE_", "AWS_"))}
    sqlalchemy_url = database.replace("postgresql://", "postgresql+psycopg://", 1)
    endpoint = {"endpoint_url": f"http://127.0.0.1:{engine_port}"}
    extra = {"region_name": "us-east-1", "service_config": {"personalize": endpoint}}
    connection = {"conn_type": "aws", "login": "aisle", "password": "aisle-secret", "extra": extra}
    return kept | {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": sqlalchemy_url,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": sqlalchemy_url,
        "AIRFLOW__TRIGGERER__CAPACITY": str(max(CAPACITY, options.waits)),
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        "ENGINE_STEP_SECONDS": str(options.job_seconds / 2),
        "DO_NOT_TRACK": "1",
    }


def _defer_arguments(jobs: list[str], options: argparse.Namespace) -> list[str]:
    return ["--waits", str(options.waits), "--delay", str(options.delay), *jobs]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waits", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=10, help="number of different jobs to wait for")
    parser.add_argument("--delay", type=int, default=30, help="seconds between two polls of one wait")
    parser.add_argument("--job-seconds", type=float, default=180.0, help="seconds that the jobs take")
    parser.add_argument("--result", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
