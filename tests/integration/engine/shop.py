"""The life of one dataset group, driven through boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from aisle.contracts.personalize import INTERACTIONS
from tests.waiting import settled

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
RECIPE = "arn:aws:personalize:::recipe/{}"


def interactions_csv(n_users: int = 60, n_items: int = 40, n_events: int = 1_500, seed: int = 7) -> str:
    """Two tastes: even users take even items, odd users odd ones; newer items of a user come later."""
    random = np.random.default_rng(seed)
    users = random.integers(0, n_users, n_events)
    items = random.integers(0, n_items // 2, n_events) * 2 + users % 2
    rows = [
        f"u{user},i{item},purchase,,{1_700_000_000 + n}"
        for n, (user, item) in enumerate(zip(users, items, strict=True))
    ]
    return "\n".join([INTERACTIONS.header, *rows, ""])


def described(describe: Callable[..., dict[str, Any]], **arguments: str) -> dict[str, Any]:
    """What is inside the wrapper of a Describe answer."""
    (resource,) = [value for key, value in describe(**arguments).items() if key != "ResponseMetadata"]
    return resource


def wait(describe: Callable[..., dict[str, Any]], seconds: float = 120, **arguments: str) -> dict[str, Any]:
    """Poll as a client does until the resource has settled."""
    return settled(lambda: described(describe, **arguments), seconds=seconds)


class Shop:
    """Drives the whole life of one dataset group through a client."""

    def __init__(self, client: Any, s3: Any, bucket: str) -> None:
        self.client, self.s3, self.bucket = client, s3, bucket
        self.name = bucket  # fresh for every test

    def group(self) -> str:
        arn = self.client.create_dataset_group(name=self.name)["datasetGroupArn"]
        assert wait(self.client.describe_dataset_group, datasetGroupArn=arn)["status"] == "ACTIVE"
        return arn

    def dataset(self, group: str, contract: Any = INTERACTIONS) -> str:
        schema = self.client.create_schema(name=f"{self.name}-{contract.name}", schema=contract.avro_schema)[
            "schemaArn"
        ]
        arn = self.client.create_dataset(
            name=contract.name, schemaArn=schema, datasetGroupArn=group, datasetType=contract.type
        )["datasetArn"]
        wait(self.client.describe_dataset, datasetArn=arn)
        return arn

    def upload(self, key: str, content: str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content.encode())
        return f"s3://{self.bucket}/{key}"

    def import_csv(self, dataset: str, content: str, name: str = "first", **options: Any) -> dict[str, Any]:
        location = self.upload(f"export/{name}/data.csv", content)
        return self.import_from(dataset, location, name, **options)

    def import_from(self, dataset: str, location: str, name: str = "first", **options: Any) -> dict[str, Any]:
        arn = self.client.create_dataset_import_job(
            jobName=f"{self.name}-{name}", datasetArn=dataset, dataSource={"dataLocation": location}, roleArn=ROLE,
            **options,
        )["datasetImportJobArn"]  # fmt: skip
        return wait(self.client.describe_dataset_import_job, datasetImportJobArn=arn)

    settled = staticmethod(wait)

    def status(self, describe: Callable[..., dict[str, Any]], **arguments: str) -> str:
        return str(described(describe, **arguments)["status"])

    def train(self, group: str, recipe: str, **options: Any) -> dict[str, Any]:
        solution = self.client.create_solution(
            name=f"{self.name[:40]}-{recipe[4:]}", datasetGroupArn=group, recipeArn=RECIPE.format(recipe), **options
        )["solutionArn"]
        wait(self.client.describe_solution, solutionArn=solution)
        version = self.client.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        return wait(self.client.describe_solution_version, solutionVersionArn=version)

    def infer(self, version: str, lines: list[str], name: str = "users", **options: Any) -> list[dict[str, Any]]:
        job = self.start_inference(version, lines, name, **options)
        ended = wait(self.client.describe_batch_inference_job, batchInferenceJobArn=job)
        assert ended["status"] == "ACTIVE", ended
        body = self.s3.get_object(Bucket=self.bucket, Key=f"output/{name}/{name}.json.out")["Body"].read()
        return [json.loads(line) for line in body.splitlines()]

    def segment(self, version: str, lines: list[str], name: str, **options: Any) -> dict[str, Any]:
        """The settled batch segment job; `lines` reads its output."""
        path = self.upload(f"input/{name}/{name}.json", "\n".join(lines) + "\n")
        job = self.client.create_batch_segment_job(
            jobName=f"{self.name}-{name}", solutionVersionArn=version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": path}},
            jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/output/{name}/"}}, **options,
        )["batchSegmentJobArn"]  # fmt: skip
        return wait(self.client.describe_batch_segment_job, batchSegmentJobArn=job)

    def filter(self, group: str, name: str, expression: str) -> str:
        """The ARN of a new filter, which is ACTIVE."""
        arn = self.client.create_filter(name=f"{self.name}-{name}", datasetGroupArn=group, filterExpression=expression)
        assert wait(self.client.describe_filter, filterArn=arn["filterArn"])["status"] == "ACTIVE"
        return str(arn["filterArn"])

    def lines(self, key: str) -> list[dict[str, Any]]:
        """The JSON lines of an object."""
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return [json.loads(line) for line in body.splitlines()]

    def keys(self, prefix: str) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for entry in listed.get("Contents", ())]

    def start_inference(self, version: str, lines: list[str], name: str = "users", **options: Any) -> str:
        path = self.upload(f"input/{name}/{name}.json", "\n".join(lines) + "\n")
        return self.client.create_batch_inference_job(
            jobName=f"{self.name}-{name}", solutionVersionArn=version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": path}},
            jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/output/{name}/"}}, **options,
        )["batchInferenceJobArn"]  # fmt: skip
