"""The transfers compared with the Amazon provider's: seconds and memory of a CSV from PostgreSQL to S3, and back.

    python -m benchmarks.airflow.transfers                       # 1,000,000 rows, three rounds
    python -m benchmarks.airflow.transfers --rows 100000 --rounds 5

Starts PostgreSQL and an S3 server. Each run is a cold process that calls one operator's `execute`; rounds are
interleaved, and ratios are computed within a round. The provider's operators are used as in their documentation:
`SqlToS3Operator` (a DataFrame), `S3ToSqlOperator` (the parser of its example, rows by `insert_rows`), the latter also
with `fast_executemany`, which inserts many rows at a time.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pandas as pd  # noqa: F401 - imported before the measurement
import psycopg
from airflow.providers.amazon.aws.transfers.s3_to_sql import S3ToSqlOperator
from airflow.providers.amazon.aws.transfers.sql_to_s3 import SqlToS3Operator

from airflow_postgres_s3.transfers.postgres_to_s3 import PostgresToS3Operator
from airflow_postgres_s3.transfers.s3_to_postgres import S3ToPostgresOperator
from benchmarks.engine.contenders import machine
from benchmarks.engine.wire import ENVIRONMENT, ROOT, _program, _wait_for
from services.stack.postgres import EmbeddedPostgres, free_port

RESULT = ROOT / "benchmarks" / "results" / "airflow_transfers.json"
BUCKET, KEY = "transfers", "orders.csv"
COLUMNS = ("user_id", "item_id", "event_type", "event_value", "timestamp", "note")

SOURCE = """
create table orders as
select
    md5(n::text) as user_id, 'item-' || n % 4182 as item_id, 'purchase' as event_type,
    (n % 9973) / 100.0 as event_value, 1700000000 + n as timestamp, 'a "note", with a comma' as note
from generate_series(1, {rows}) as n
"""
EMPTY = "drop table if exists arrived; create table arrived (like orders)"

Run = Callable[[], Any]


def main() -> None:
    options = _options()
    if options.run:
        print(json.dumps(measure(options.run)))
        return
    rounds = list(_rounds(options.rows, options.rounds))
    result = {"rows": options.rows, "machine": machine(), "rounds": rounds, "summary": summary(rounds)}
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians of each contender, and the ratio of its time to ours."""
    medians = {}
    for name in CONTENDERS:
        ours = OURS[name.partition(":")[0]]
        runs = [figures[name] for figures in rounds]
        ratios = [figures[name]["seconds"] / figures[ours]["seconds"] for figures in rounds]
        medians[name] = {
            "seconds": round(statistics.median(run["seconds"] for run in runs), 2),
            "megabytes": round(statistics.median(run["megabytes"] for run in runs)),
            "ratio": round(statistics.median(ratios), 2),
        }
    return medians


def table(result: dict[str, Any]) -> str:
    """Write the medians in Markdown. Memory is the maximum growth of the resident set."""
    head = [f"| {result['rows']:,} rows | seconds | × ours | memory |", "|---|---|---|---|"]
    rows = [
        f"| {name} | {figures['seconds']:,} | {figures['ratio']:,} | {figures['megabytes']:,} MB |"
        for name, figures in result["summary"].items()
    ]
    return "\n".join(head + rows)


# -- one run, in a process of its own ---------------------------------------------------------------------------------


def measure(name: str) -> dict[str, float]:
    """Measure one contender's `execute`: seconds, and megabytes by which the process grew."""
    run = CONTENDERS[name]()
    before, started = _peak_megabytes(), time.monotonic()
    run()
    return {"seconds": time.monotonic() - started, "megabytes": _peak_megabytes() - before}


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _ours_to_s3() -> Run:
    operator = PostgresToS3Operator(
        task_id="t",
        sql="select * from orders",
        s3_bucket=BUCKET,
        s3_key=KEY,
        replace=True,
        postgres_conn_id="warehouse",
    )
    return lambda: operator.execute({})


def _providers_to_s3() -> Run:
    operator = SqlToS3Operator(
        task_id="t",
        query="select * from orders",
        s3_bucket=BUCKET,
        s3_key="theirs.csv",
        sql_conn_id="warehouse",
        df_kwargs={"index": False},
        replace=True,
    )
    return lambda: operator.execute({})


def _ours_to_postgres() -> Run:
    operator = S3ToPostgresOperator(
        task_id="t",
        s3_bucket=BUCKET,
        s3_key=KEY,
        table="arrived",
        columns={column: column for column in COLUMNS},
        file_format="csv",
        postgres_conn_id="warehouse",
    )
    return lambda: operator.execute({})


def _providers_to_postgres(**insert: Any) -> Run:
    operator = S3ToSqlOperator(
        task_id="t",
        s3_bucket=BUCKET,
        s3_key=KEY,
        table="arrived",
        column_list=list(COLUMNS),
        parser=_rows_of,
        sql_conn_id="warehouse",
    )
    if insert:
        hook = operator.db_hook
        plain = hook.insert_rows
        hook.insert_rows = lambda *given, **named: plain(*given, **{**named, **insert})
    return lambda: operator.execute({})


def _rows_of(file: str) -> Iterator[list[str]]:
    with Path(file).open(newline="") as lines:
        rows = csv.reader(lines)
        next(rows)
        yield from rows


CONTENDERS: dict[str, Callable[[], Run]] = {
    "to S3: PostgresToS3Operator": _ours_to_s3,
    "to S3: SqlToS3Operator": _providers_to_s3,
    "to PostgreSQL: S3ToPostgresOperator": _ours_to_postgres,
    "to PostgreSQL: S3ToSqlOperator": _providers_to_postgres,
    "to PostgreSQL: S3ToSqlOperator, fast_executemany": lambda: _providers_to_postgres(fast_executemany=True),
}
OURS = {"to S3": "to S3: PostgresToS3Operator", "to PostgreSQL": "to PostgreSQL: S3ToPostgresOperator"}


# -- the neighbours ---------------------------------------------------------------------------------------------------


def _rounds(rows: int, number: int) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aisle-transfers-")))
        server = EmbeddedPostgres(home / "postgres")
        server.start()
        stack.callback(server.stop)
        port = free_port()
        stack.enter_context(_program("moto.server", "-H", "127.0.0.1", "-p", str(port)))
        _wait_for(f"http://127.0.0.1:{port}/moto-api/")
        environment = _environment(home, server.url(), f"http://127.0.0.1:{port}")
        _prepare(environment, server.url(), f"http://127.0.0.1:{port}", rows)
        for _ in range(number):
            yield {name: _run(name, environment, server.url(), rows) for name in CONTENDERS}


def _prepare(environment: dict[str, str], url: str, s3: str, rows: int) -> None:
    airflow = str(Path(sys.executable).with_name("airflow"))
    subprocess.run([airflow, "db", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    with psycopg.connect(url) as connection:
        connection.execute(SOURCE.format(rows=rows).encode())
    keys = {"aws_access_key_id": "aisle", "aws_secret_access_key": "aisle-secret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=s3, **keys).create_bucket(Bucket=BUCKET)


def _run(name: str, environment: dict[str, str], url: str, rows: int) -> dict[str, float]:
    """Run one contender into an empty table, and check that all rows arrived."""
    with psycopg.connect(url) as connection:
        connection.execute(EMPTY.encode())
    command = [sys.executable, "-m", "benchmarks.airflow.transfers", "--run", name]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    with psycopg.connect(url) as connection:
        arrived = connection.execute("select count(*) from arrived").fetchone()
    assert arrived == ((rows if name.startswith("to PostgreSQL") else 0),)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(f"{name}: {figures['seconds']:.2f} s, {figures['megabytes']:.0f} MB", file=sys.stderr)
    return figures


def _environment(home: Path, url: str, s3: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AISLE_", "AWS_"))}
    parts = psycopg.conninfo.conninfo_to_dict(url)
    warehouse = {
        "conn_type": "postgres", "host": parts["host"], "port": parts.get("port"), "login": parts["user"],
        "password": parts.get("password"), "schema": parts["dbname"],
    }  # fmt: skip
    aws = {"conn_type": "aws", "login": "aisle", "password": "aisle-secret", "extra": {"endpoint_url": s3}}
    return (
        kept
        | ENVIRONMENT
        | {
            "AIRFLOW_HOME": str(home / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_WAREHOUSE": json.dumps(warehouse),
            "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws),
        }
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--result", type=Path, default=RESULT)
    parser.add_argument("--run", choices=CONTENDERS, help="one contender, in this process")
    return parser.parse_args()


if __name__ == "__main__":
    main()
