"""Events by the webhook, ten a request: how many are stored a second, beside one INSERT for each event.

    python -m benchmarks.serving.webhook                        # three rounds of 20 s each
    python -m benchmarks.serving.webhook --rounds 1 --seconds 5

wrk posts over 16 connections; pgbench inserts one event a transaction over 16 connections. Both share the cores, runs
are interleaved, and events are counted in the table.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.engine.contenders import machine
from benchmarks.serving.throughput import ROOT, filled, serving
from services.migrations import upgrade
from services.stack.postgres import binaries

RESULT = ROOT / "benchmarks" / "results" / "serving_webhook.json"
SCRIPT = Path(__file__).with_name("webhook.lua")
N_CLIENTS = 16
SINGLE_INSERT = """
insert into serving.interactions
    (event_id, source, user_id, session_id, event_type, item_id, weight, weights_version, occurred_at)
values (gen_random_uuid()::text, 'api', 'u', 's', 'click', 'item', 1.0, '1', now());
"""


def main() -> None:
    """Run the rounds, print and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aisle-webhook-") as folder, filled(Path(folder), users=100) as url:
        upgrade(url)
        home = Path(folder)
        rounds = [
            {"webhook": over_http(url, home, options.seconds), "one_insert_each": inserts(url, home, options.seconds)}
            for _ in range(options.rounds)
        ]
    middle = {name: statistics.median(run[name] for run in rounds) for name in rounds[0]}
    result = {
        "machine": machine(), "clients": N_CLIENTS, "seconds": options.seconds, "events_per_second": middle,
        "ratio": middle["webhook"] / middle["one_insert_each"], "rounds": rounds,
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({"events_per_second": middle, "ratio": result["ratio"]}, indent=2))


def over_http(url: str, home: Path, seconds: int) -> float:
    """Return how many events a second the webhook has stored."""
    before = _stored(url)
    with serving(url, home, ROOT, {"SERVING_IDENTITY_HASH_KEY": "key-of-the-benchmark"}) as api:
        command = ["wrk", f"-c{N_CLIENTS}", "-t2", f"-d{seconds}s", "-s", str(SCRIPT), api.url]
        subprocess.run(command, check=True, capture_output=True)
    return (_stored(url) - before) / seconds


def inserts(url: str, home: Path, seconds: int) -> float:
    """Return how many events a second are stored by one transaction for each."""
    script = home / "insert.sql"
    script.write_text(SINGLE_INSERT)
    before = _stored(url)
    command: list[Any] = [
        binaries() / "pgbench",
        "-n",
        "-M",
        "prepared",
        f"-c{N_CLIENTS}",
        "-j2",
        f"-T{seconds}",
        "-f",
        script,
        url,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return (_stored(url) - before) / seconds


def _stored(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute(b"select count(*) from serving.interactions").fetchall()[0][0])


if __name__ == "__main__":
    main()
