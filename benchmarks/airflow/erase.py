"""Time to erase one person: seconds of each task of the DAG erase, and of its run.

    python -m benchmarks.airflow.erase                 # the company of reference scale
    python -m benchmarks.airflow.erase --scale tiny    # a quick check

Starts the stack in an empty folder, runs the pipeline once, and erases the three customers with the most orders, one
after the other. Afterwards it checks that the warehouse has nothing of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from aisle.groups.dataset_group import dataset_groups
from aisle.warehouse import sql
from benchmarks.engine.contenders import machine
from benchmarks.engine.wire import ROOT
from services.demo.pipeline import PipelineDriver, steps_of
from services.stack.settings import StackSettings
from services.stack.supervisor import Stack

RESULT = ROOT / "benchmarks" / "results" / "airflow_erase.json"
N_PERSONS = 3
#: Time-out of a run.
_TIMEOUT_SECONDS = 3600

_BUSIEST = """
select user_id, count(*) from raw.company__orders where user_id is not null group by user_id order by 2 desc, 1 limit %s
"""
_SIZE = """
select
    (select count(*) from raw.company__orders) as orders,
    (select count(*) from raw.company__order_items) as order_lines,
    (select count(*) from identity.customers) as customers
"""
_LEFT = """
select
    (select count(*) from raw.company__orders where user_id = %(user_id)s)
    + (select count(*) from identity.customers where user_id = %(user_id)s)
    + (select count(*) from cache.offline_user_recommendations where user_id = %(user_id)s)
"""
_FILES = """
select rows_in, rows_out from ops.receipts where stage = 'erase' and subject = 'files' order by finished_at desc limit 1
"""


def main() -> None:
    options = _options()
    os.environ["COMPANY_API_SCALE"] = options.scale
    with tempfile.TemporaryDirectory(prefix="aisle-erase-") as home:
        os.environ["STACK_ROOT"] = home
        with Stack(StackSettings()).running() as stack:
            PipelineDriver(stack.airflow, lambda _: None, lambda *_: 0).walk(steps_of(dataset_groups()))
            with psycopg.connect(stack.addresses.warehouse_url, autocommit=True) as connection:
                result = {"scale": options.scale, "machine": machine(), **measure(stack, connection)}
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def measure(stack: Stack, connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """Measure the size of the warehouse, and the erasure of each person."""
    orders, order_lines, customers = connection.execute(_SIZE.encode()).fetchall()[0]
    busiest = connection.execute(_BUSIEST.encode(), (N_PERSONS,)).fetchall()
    persons = [{"orders": count, **_erase(stack, connection, user_id)} for user_id, count in busiest]
    return {"orders": orders, "order_lines": order_lines, "customers": customers, "persons": persons}


def _erase(stack: Stack, connection: psycopg.Connection[Any], user_id: str) -> dict[str, Any]:
    request = {"phone": None, "email": None, "source": None, "source_id": None, "user_id": user_id}
    ((request_id,),) = connection.execute(sql("identity/erasure_requests/insert").encode(), request).fetchall()
    began = time.monotonic()
    run_id = stack.airflow.trigger("erase", {"request_id": str(request_id)})
    stack.airflow.wait("erase", run_id, timeout_seconds=_TIMEOUT_SECONDS, on_look=lambda _: None)
    seconds = time.monotonic() - began
    ((left,),) = connection.execute(_LEFT.encode(), {"user_id": user_id}).fetchall()
    if left:
        raise AssertionError(f"{left} rows of the person are left")
    objects, rewritten = connection.execute(_FILES.encode()).fetchall()[0]
    tasks = {task["task_id"]: _seconds(task) for task in stack.airflow.tasks("erase", run_id)}
    return {"run": round(seconds, 1), "tasks": tasks, "objects": objects, "rewritten": rewritten}


def _seconds(task: dict[str, Any]) -> float:
    """Return the seconds since a task's last start; a task that waits in the triggerer starts twice."""
    span = datetime.fromisoformat(task["end_date"]) - datetime.fromisoformat(task["start_date"])
    return round(span.total_seconds(), 1)


def table(result: dict[str, Any]) -> str:
    """Write the medians over the persons in Markdown."""
    persons = result["persons"]
    size = f"{result['orders']:,} orders, {result['order_lines']:,} order items, {persons[0]['objects']:,} objects"
    head = f"| {size} | seconds |"
    medians = {task: statistics.median(person["tasks"][task] for person in persons) for task in persons[0]["tasks"]}
    rows = [f"| {task} | {seconds} |" for task, seconds in medians.items()]
    return "\n".join(
        [head, "|---|---|", *rows, f"| the run | {statistics.median(person['run'] for person in persons)} |"]
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="reference", help="scale of the generated company")
    parser.add_argument("--result", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
