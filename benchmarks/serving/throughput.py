"""Cached recommendations by HTTP: requests a second and their times, beside the bare SELECT and an earlier commit.

    python -m benchmarks.serving.throughput                            # 169,716 users, three rounds
    python -m benchmarks.serving.throughput --users 2000 --rounds 1 --seconds 3
    python -m benchmarks.serving.throughput --earlier /tmp/earlier     # an extracted commit, `git archive bc081a7`

Starts PostgreSQL and, for each run, the API as `python -m services.serving`. The clients are 32 connections of wrk
(Debian package `wrk`), a process of its own, that ask for the lists of random users; beside them pgbench runs the bare
SELECT with 32 clients. All share the cores, runs are interleaved, and ratios are computed within a round.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from aisle.warehouse import migrate
from benchmarks.engine.contenders import machine
from services.stack.postgres import EmbeddedPostgres, binaries, free_port
from tests.waiting import wait_for, wait_for_server

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "serving_throughput.json"
KEY = "a-key-of-the-benchmark"
N_CLIENTS, LIST_LENGTH = 32, 25
#: What uvicorn logs once in each process that answers; until then its start would count as the cost of requests.
_STARTED = "Application startup complete"

FILL = """
insert into cache.offline_user_recommendations (user_id, recommendations, updated_at, score_kind, generation)
select
    'user-' || n,
    (
        select jsonb_agg(jsonb_build_object('product_id', 'item-' || (n * 31 + place * 97) % 4182,
                                            'score', round((1.0 / place)::numeric, 6)))
        from generate_series(1, {length}) as place
    ),
    now() at time zone 'utc', 'engine', 'g1'
from generate_series(1, {users}) as n;
insert into cache.generations values ('g1', 'live', {users}, 0, {users}, 0, '{{}}', now());
vacuum analyze cache.offline_user_recommendations
"""
SELECT = """
\\set n random(1, {users})
select recommendations, generation, score_kind, updated_at
from cache.offline_user_recommendations where user_id = 'user-' || :n;
"""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        url = stack.enter_context(filled(Path(home), options.users))
        rounds = [{name: runner() for name, runner in _runs(options, url, Path(home))} for _ in range(options.rounds)]
    result = {"users": options.users, "clients": N_CLIENTS, "machine": machine(), "rounds": rounds,
              "summary": summary(rounds)}  # fmt: skip
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of each contender, and its throughput by that of pgbench and of the earlier commit.

    Both ratios are taken within a round.
    """
    medians = {}
    for name in rounds[0]:
        runs = [figures[name] for figures in rounds]
        medians[name] = {
            **{
                figure: round(statistics.median(run[figure] for run in runs), 2)
                for figure in ("per_second", "p50_ms", "p99_ms", "cpu_us")
                if figure in runs[0]
            },
            **{
                f"of_{other}": round(statistics.median(_ratios(rounds, name, other)), 3)
                for other in ("pgbench", "earlier")
                if other in rounds[0]
            },
            "failed": sum(run.get("failed", 0) for run in runs),
        }
    return medians


def _ratios(rounds: list[dict[str, Any]], name: str, other: str) -> list[float]:
    return [figures[name]["per_second"] / figures[other]["per_second"] for figures in rounds]


def table(result: dict[str, Any]) -> str:
    """Return the summary as a Markdown table."""
    lines = [
        "| | requests a second | × pgbench | × earlier | p50 | p99 | CPU a request | failed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in result["summary"].items():
        times = [f"{row[figure]} ms" if figure in row else "" for figure in ("p50_ms", "p99_ms")]
        times.append(f"{row['cpu_us']:.0f} µs" if "cpu_us" in row else "")
        lines.append(
            f"| {name} | {row['per_second']:,.0f} | {row['of_pgbench']} | {row.get('of_earlier', '')} | "
            f"{' | '.join(times)} | {row['failed']} |"
        )
    return "\n".join(lines)


@contextmanager
def filled(home: Path, users: int) -> Iterator[str]:
    """A warehouse whose cache has a list for each user."""
    server = EmbeddedPostgres(home / "postgres")
    home.chmod(0o711)
    server.start()
    try:
        url = server.url()
        migrate(url)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FILL.format(users=users, length=LIST_LENGTH).split(";\n"):
                connection.execute(statement.encode())
        yield url
    finally:
        server.stop()


def _runs(options: argparse.Namespace, url: str, home: Path) -> Iterator[tuple[str, Any]]:
    yield "pgbench", lambda: pgbench(url, options, home)
    if options.earlier:
        yield "earlier", lambda: over_http(url, options, home, options.earlier)
    for workers in options.workers:
        yield (
            f"workers={workers}",
            lambda workers=workers: over_http(url, options, home, ROOT, {"SERVING_WORKERS": str(workers)}),
        )


def pgbench(url: str, options: argparse.Namespace, home: Path) -> dict[str, Any]:
    """The bare SELECT by prepared statements: what the database could do if nobody made an answer of it."""
    script = home / "select.sql"
    script.write_text(SELECT.format(users=options.users))
    done = subprocess.run(
        [shutil.which("pgbench") or str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(N_CLIENTS), "-j",
         "1", "-T", str(options.seconds), "-f", str(script), url],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (rate,) = [line for line in done.stdout.splitlines() if line.startswith("tps")]
    return {"per_second": float(rate.split()[2])}


def over_http(
    url: str, options: argparse.Namespace, home: Path, code: Path, more: dict[str, str] | None = None
) -> dict[str, Any]:
    """One run of wrk against the API of a checkout."""
    with serving(url, home, code, more or {}) as address:
        wrk(address.url, 2, options.users)  # warms up
        used = address.cpu_seconds()
        figures = wrk(address.url, options.seconds, options.users)
        figures["cpu_us"] = round(1e6 * (address.cpu_seconds() - used) / figures["requests"])
    return figures


@dataclass(frozen=True, slots=True)
class Running:
    """The API while it runs."""

    url: str
    program: psutil.Process

    def cpu_seconds(self) -> float:
        """CPU time of its processes so far: what a request costs, however busy the machine is."""
        times = [process.cpu_times() for process in [self.program, *self.program.children(recursive=True)]]
        return float(sum(time.user + time.system for time in times))


@contextmanager
def serving(url: str, home: Path, code: Path, more: dict[str, str]) -> Iterator[Running]:
    """The API of a checkout, by its own code, over the warehouse."""
    port, log = free_port(), home / "serving.log"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{code}:{code / 'plugins'}",
        "SERVING_DATABASE_URL": url,
        "SERVING_API_KEY_HASHES": hashlib.sha256(KEY.encode()).hexdigest(),
        "SERVING_PORT": str(port),
        **more,
    }
    with log.open("w") as output:
        program = subprocess.Popen(
            [sys.executable, "-m", "services.serving"], cwd=code, env=environment, stdout=output, stderr=output
        )
    try:
        wait_for_server(f"http://127.0.0.1:{port}/health/live", program, log)
        n_processes = int(more.get("SERVING_WORKERS", "1"))
        wait_for(lambda: log.read_text().count(_STARTED) >= n_processes, f"{n_processes} processes to start")
        yield Running(f"http://127.0.0.1:{port}", psutil.Process(program.pid))
    finally:
        program.terminate()
        program.wait(timeout=30)


def wrk(address: str, seconds: int, users: int) -> dict[str, Any]:
    """What 32 clients saw for so many seconds."""
    done = subprocess.run(
        ["wrk", "-t", "1", "-c", str(N_CLIENTS), "-d", f"{seconds}s", "--timeout", "5s", "-s",
         str(Path(__file__).with_name("ask.lua")), address],
        check=True, capture_output=True, text=True, env={**os.environ, "N_USERS": str(users), "API_KEY": KEY},
    )  # fmt: skip
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    figures: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return {"per_second": figures["requests"] / figures["seconds"], **figures}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=169_716, help="users with a list of 25 items")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10, help="length of a run")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="worker processes of the API")
    parser.add_argument("--earlier", type=Path, help="checkout of an earlier commit to compare with")
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is missing: install the package wrk of Debian")
    return options


if __name__ == "__main__":
    main()
