"""How fast a campaign answers at reference scale: 180,483 users, 4,182 items, about 2 million interactions.

    python -m benchmarks.engine.runtime [--scale 0.05] [--requests 4000]

Starts an S3 server and an engine, imports generated data, trains aws-user-personalization and deploys it; then another
process asks for lists of 25 over kept-alive connections, with 1 and with 32 clients at a time. The clients write ready
HTTP requests into sockets and sign nothing: what is measured is the engine, not boto3, which needs more time for a call
than the engine does. Prints a table and writes benchmarks/results/engine_runtime.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import urlopen

import boto3
import numpy as np

from services.stack.postgres import free_port

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "engine_runtime.json"
N_USERS, N_ITEMS, N_INTERACTIONS = 180_483, 4_182, 1_971_527
CATEGORIES = 40
ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
CLIENTS = (1, 32)
WARM_UP = 300
START = 1_700_000_000
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "aisle",
    "AWS_SECRET_ACCESS_KEY": "aisle-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "ENGINE_BUCKETS": "*",
}


def schema(name: str, *fields: dict[str, Any]) -> str:
    return json.dumps({"type": "record", "name": name, "namespace": "benchmark", "fields": fields, "version": "1.0"})


def text(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "string", **more}


SCHEMAS = {
    "Interactions": schema(
        "Interactions", text("USER_ID"), text("ITEM_ID"), text("EVENT_TYPE"), {"name": "TIMESTAMP", "type": "long"}
    ),
    "Items": schema("Items", text("ITEM_ID"), text("CATEGORY", categorical=True), {"name": "PRICE", "type": "float"}),
}


def interactions_csv(scale: float, random: np.random.Generator) -> str:
    """Few items are popular, few users busy; each user keeps to a part of the items."""
    n_users, n_rows = round(N_USERS * scale), round(N_INTERACTIONS * scale)
    users = np.minimum((n_users * random.random(n_rows) ** 1.5).astype(int), n_users - 1)
    items = (np.minimum(random.zipf(1.3, n_rows), N_ITEMS) * 7 + users % 13 * 29) % N_ITEMS
    kinds = np.where(random.random(n_rows) < 0.3, "purchase", "view")
    times = START + random.integers(0, 90 * 86_400, n_rows)
    rows = map("u{},i{},{},{}".format, users.tolist(), items.tolist(), kinds.tolist(), times.tolist())
    return "\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *rows, ""])


def items_csv(random: np.random.Generator) -> str:
    prices = random.uniform(1, 100, N_ITEMS).round(2).tolist()
    rows = (f"i{n},c{n % CATEGORIES},{price}" for n, price in enumerate(prices))
    return "\n".join(["ITEM_ID,CATEGORY,PRICE", *rows, ""])


@contextmanager
def process(*command: str, log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        started = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | CREDENTIALS | environment, stdout=output, stderr=output
        )
    try:
        yield started
    finally:
        started.terminate()
        started.wait()


def wait_for(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urlopen(url):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {url}")


def settled(describe: Callable[..., dict[str, Any]], **arguments: str) -> dict[str, Any]:
    while True:
        (resource,) = [value for key, value in describe(**arguments).items() if key != "ResponseMetadata"]
        if resource["status"] == "ACTIVE":
            return resource  # type: ignore[no-any-return]
        if resource["status"] == "CREATE FAILED":
            raise RuntimeError(resource.get("failureReason"))
        time.sleep(0.1)


def deploy(personalize: Any, s3: Any, scale: float) -> dict[str, str]:
    """A campaign of user-personalization, and two filters; ARNs by name."""
    random = np.random.default_rng(7)
    group = personalize.create_dataset_group(name="shop")["datasetGroupArn"]
    settled(personalize.describe_dataset_group, datasetGroupArn=group)
    s3.create_bucket(Bucket="benchmark")
    contents = {"Interactions": interactions_csv(scale, random), "Items": items_csv(random)}
    for name, content in contents.items():
        s3.put_object(Bucket="benchmark", Key=f"{name}.csv", Body=content.encode())
        schema_arn = personalize.create_schema(name=name, schema=SCHEMAS[name])["schemaArn"]
        dataset = personalize.create_dataset(
            name=name, schemaArn=schema_arn, datasetGroupArn=group, datasetType=name
        )["datasetArn"]  # fmt: skip
        settled(personalize.describe_dataset, datasetArn=dataset)
        job = personalize.create_dataset_import_job(
            jobName=name, datasetArn=dataset, roleArn=ROLE, dataSource={"dataLocation": f"s3://benchmark/{name}.csv"}
        )["datasetImportJobArn"]
        settled(personalize.describe_dataset_import_job, datasetImportJobArn=job)
    solution = personalize.create_solution(
        name="personal", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-user-personalization"
    )["solutionArn"]
    settled(personalize.describe_solution, solutionArn=solution)
    version = personalize.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    settled(personalize.describe_solution_version, solutionVersionArn=version)
    campaign = personalize.create_campaign(name="personal", solutionVersionArn=version)["campaignArn"]
    settled(personalize.describe_campaign, campaignArn=campaign)
    arns = {"campaign": campaign}
    for name, expression in (
        ("items", "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORIES) AND Items.PRICE < 80"),
        ("interactions", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'),
    ):
        arns[name] = personalize.create_filter(name=name, datasetGroupArn=group, filterExpression=expression)[
            "filterArn"
        ]
        settled(personalize.describe_filter, filterArn=arns[name])
    return arns


def requests(arns: dict[str, str], case: str, n_users: int, number: int) -> list[bytes]:
    """Bodies of GetRecommendations for users drawn at random."""
    asked = np.random.default_rng(9).integers(0, n_users, number).tolist()
    of_case: dict[str, dict[str, Any]] = {
        "no filter": {},
        "items filter": {
            "filterArn": arns["items"],
            "filterValues": {"CATEGORIES": ",".join(f'"c{n}"' for n in range(0, CATEGORIES, 2))},
        },
        "interactions filter": {"filterArn": arns["interactions"]},
    }
    more = of_case[case]
    return [json.dumps({"campaignArn": arns["campaign"], "userId": f"u{user}", **more}).encode() for user in asked]


CASES = ("no filter", "items filter", "interactions filter")


async def ask(url: str, bodies: list[bytes], n_clients: int) -> dict[str, float]:
    """Milliseconds of the answers, and how many there were in a second."""
    host, port = urlparse(url).hostname or "", urlparse(url).port or 0
    waiting = iter(bodies)
    taken: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for body in waiting:
            head = f"POST /recommendations HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
            started = time.perf_counter()
            writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            content = await reader.readexactly(length)
            taken.append((time.perf_counter() - started) * 1000)
            if b" 200 " not in answer[:16]:
                raise RuntimeError(content.decode())
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(n_clients)))
    seconds = time.perf_counter() - started
    p50, p99 = np.percentile(taken, [50, 99])
    return {"p50_ms": round(p50, 2), "p99_ms": round(p99, 2), "requests_per_second": round(len(bodies) / seconds)}


def measure(url: str, arns: dict[str, str], n_users: int, number: int) -> list[dict[str, Any]]:
    """All cases, warm."""
    measured = []
    for case in CASES:
        asyncio.run(ask(url, requests(arns, case, n_users, WARM_UP), 1))
        for n_clients in CLIENTS:
            figures = asyncio.run(ask(url, requests(arns, case, n_users, number), n_clients))
            measured.append({"case": case, "clients": n_clients, **figures})
    return measured


def table(measured: list[dict[str, Any]]) -> str:
    rows = ["| | clients | p50 ms | p99 ms | requests/s |", "|---|---:|---:|---:|---:|"]
    rows += [
        f"| {case['case']} | {case['clients']} | {case['p50_ms']} | {case['p99_ms']} | {case['requests_per_second']} |"
        for case in measured
    ]
    return "\n".join(rows)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument(
        "--scale", type=float, default=1.0, help="part of the reference scale's users and interactions"
    )
    options.add_argument("--requests", type=int, default=4_000, help="requests per case")
    options.add_argument("--measure", help=argparse.SUPPRESS)  # the client process: URL and ARNs as JSON
    given = options.parse_args()
    n_users = round(N_USERS * given.scale)
    if given.measure:
        asked = json.loads(given.measure)
        print(json.dumps(measure(asked["url"], asked["arns"], n_users, given.requests)))
        return
    with tempfile.TemporaryDirectory() as folder:
        measured = _measured(Path(folder), given.scale, given.requests)
    print(table(measured))
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()}
    RESULTS.write_text(json.dumps({"scale": given.scale, **machine, "measured": measured}, indent=2) + "\n")


def _measured(folder: Path, scale: float, number: int) -> list[dict[str, Any]]:
    s3_url, engine_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    os.environ.update(CREDENTIALS)
    moto = [sys.executable, "-m", "moto.server", "-p", s3_url.rpartition(":")[2]]
    engine = [sys.executable, "-m", "services.engine", "--port", engine_url.rpartition(":")[2]]
    with (
        process(*moto, log=folder / "s3.log"),
        process(*engine, "--data-dir", str(folder / "data"), log=folder / "engine.log", AWS_ENDPOINT_URL_S3=s3_url),
    ):
        wait_for(s3_url)
        wait_for(f"{engine_url}/health/ready")
        personalize = boto3.client("personalize", endpoint_url=engine_url)
        arns = deploy(personalize, boto3.client("s3", endpoint_url=s3_url), scale)
        command = [sys.executable, "-m", "benchmarks.engine.runtime", "--scale", str(scale), "--requests", str(number)]
        client = subprocess.run(
            [*command, "--measure", json.dumps({"url": engine_url, "arns": arns})],
            cwd=ROOT, check=True, stdout=subprocess.PIPE,
        )  # fmt: skip
    measured: list[dict[str, Any]] = json.loads(client.stdout)
    return measured


if __name__ == "__main__":
    main()
