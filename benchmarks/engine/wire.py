"""The whole pipeline over the wire: a CSV in S3 → import → training → batch inference → JSON lines in S3.

    python -m benchmarks.engine.wire                  # the reference scale
    python -m benchmarks.engine.wire --scale 0.05

Starts an S3 server and an engine as processes of their own and calls them with boto3, as Airflow does. According to its
owners, the system that this replaces needed 77 minutes for training and inference.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
import psutil

from aisle.contracts.personalize import INTERACTIONS
from benchmarks.engine.contenders import machine
from benchmarks.engine.dataset import Orders, generate, item_ids, user_ids, write_csv
from services.stack.postgres import free_port

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "engine_wire.json"
REPLACED_SECONDS = 77 * 60
ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
BUCKET = "wire"
POLL_SECONDS = 0.02
#: The solutions: recipe, key of a line of batch input, and the ids to ask about.
SOLUTIONS = {"aws-user-personalization": ("userId", user_ids), "aws-sims": ("itemId", item_ids)}
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "aisle",
    "AWS_SECRET_ACCESS_KEY": "aisle-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "ENGINE_BUCKETS": "*",
}


def main() -> None:
    options = _options()
    os.environ.update(ENVIRONMENT)
    orders = generate(options.scale)
    rounds = [_round(orders) for _ in range(options.rounds)]
    medians = {step: statistics.median(seconds[step] for seconds in rounds) for step in rounds[0]}
    result = {
        "scale": options.scale,
        "lines": len(orders.users),
        "machine": machine(),
        "rounds": rounds,
        "medians": medians,
        "times_faster_than_77_minutes": round(REPLACED_SECONDS / medians["total"], 1),
    }
    options.result.parent.mkdir(parents=True, exist_ok=True)
    options.result.write_text(json.dumps(result, indent=1) + "\n")
    print(table(result))


def table(result: dict[str, Any]) -> str:
    """Write the seconds of each step in Markdown."""
    medians = result["medians"]
    rows = [f"| {step} | {value:,.2f} |" for step, value in medians.items() if step != "peak MB"]
    ratio = result["times_faster_than_77_minutes"]
    return "\n".join(
        ["| step | seconds |", "|---|---|", *rows, "", f"{medians['peak MB']:,.0f} MB at most; {ratio:,} × 77 minutes"]
    )


def _round(orders: Orders) -> dict[str, float]:
    """Measure the seconds of each step with a new engine and an empty data folder."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        s3_port, engine_port = free_port(), free_port()
        os.environ["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{s3_port}"
        stack.enter_context(_program("moto.server", "-H", "127.0.0.1", "-p", str(s3_port)))
        _wait_for(f"http://127.0.0.1:{s3_port}/moto-api/")
        data = ("--port", str(engine_port), "--data-dir", str(scratch / "data"))
        engine = stack.enter_context(_program("services.engine", *data))
        _wait_for(f"http://127.0.0.1:{engine_port}/health/ready")
        group = GroupRun(f"http://127.0.0.1:{engine_port}", orders, scratch)
        group.upload()
        seconds = group.run()
        seconds["total"] = sum(seconds.values())
        seconds["peak MB"] = _peak_bytes(engine) / 1e6
        return seconds


class GroupRun:
    """Takes one dataset group from its CSV to its recommendations."""

    def __init__(self, endpoint: str, orders: Orders, scratch: Path) -> None:
        self._client = boto3.client("personalize", endpoint_url=endpoint)
        self._s3 = boto3.client("s3")
        self._orders, self._scratch = orders, scratch

    def upload(self) -> None:
        """Upload the input to S3, as the export does before the engine is called."""
        self._s3.create_bucket(Bucket=BUCKET)
        csv = self._scratch / "interactions.csv"
        write_csv(self._orders, csv)
        self._s3.upload_file(str(csv), BUCKET, "export/interactions.csv")
        for key, ids in SOLUTIONS.values():
            number = self._orders.n_users if key == "userId" else self._orders.n_items
            lines = "".join(f'{{"{key}":"{name}"}}\n' for name in ids(number))
            self._s3.put_object(Bucket=BUCKET, Key=f"input/{key}.json", Body=lines.encode())

    def run(self) -> dict[str, float]:
        """Measure the import, both trainings and both batch jobs, in seconds, as a client sees them.

        The DAGs `train` and `recommend` also start both at a time.
        """
        group = self._ready("dataset_group", name="wire")
        schema = self._client.create_schema(name="wire", schema=INTERACTIONS.avro_schema)["schemaArn"]
        dataset = self._ready(
            "dataset", name="wire", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions"
        )
        source = {"dataLocation": f"s3://{BUCKET}/export/interactions.csv"}
        job = {"jobName": "wire", "datasetArn": dataset, "dataSource": source, "roleArn": ROLE}
        seconds = {"import": _timed(lambda: self._ready("dataset_import_job", **job))[0]}
        arn = "arn:aws:personalize:::recipe/{}"
        solutions = [
            self._ready("solution", name=recipe, datasetGroupArn=group, recipeArn=arn.format(recipe))
            for recipe in SOLUTIONS
        ]
        seconds["train"], versions = _timed(
            lambda: _together(lambda solution: self._ready("solution_version", solutionArn=solution), solutions)
        )
        keys = [key for key, _ in SOLUTIONS.values()]
        seconds["batch"], _ = _timed(lambda: _together(self._infer, versions, keys))
        return seconds

    def _infer(self, version: str, key: str) -> str:
        return self._ready(
            "batch_inference_job",
            jobName=f"wire-{key}",
            solutionVersionArn=version,
            roleArn=ROLE,
            jobInput={"s3DataSource": {"path": f"s3://{BUCKET}/input/{key}.json"}},
            jobOutput={"s3DataDestination": {"path": f"s3://{BUCKET}/output/{key}/"}},
        )

    def _ready(self, noun: str, **request: Any) -> str:
        """Create a resource, wait until it is ACTIVE, and return its ARN."""
        answer = getattr(self._client, f"create_{noun}")(**request)
        (member, arn), *_ = ((name, value) for name, value in answer.items() if name.endswith("Arn"))
        while True:
            resource = getattr(self._client, f"describe_{noun}")(**{member: arn})[member.removesuffix("Arn")]
            if resource["status"] == "ACTIVE":
                return str(arn)
            if resource["status"].endswith("FAILED"):
                raise RuntimeError(f"{arn} is {resource['status']}: {resource.get('failureReason')}")
            time.sleep(POLL_SECONDS)


@contextmanager
def _program(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"nothing answers at {url}")


def _peak_bytes(process: subprocess.Popen[bytes]) -> float:
    """Return the peak resident memory of a running process."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():  # no Linux
        return float(psutil.Process(process.pid).memory_info().rss)
    (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return float(peak.split()[1]) * 1024


def _together(work: Callable[..., T], *arguments: Sequence[Any]) -> list[T]:
    """Return the results of calls made at the same time."""
    with ThreadPoolExecutor(len(arguments[0])) as pool:
        return [*pool.map(work, *arguments)]


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="multiple of the reference scale")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--result", type=Path, default=RESULT)
    return parser.parse_args()


if __name__ == "__main__":
    main()
