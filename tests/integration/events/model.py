"""A dataset group of the engine and what is trained in it, driven as a client of the service does."""

from __future__ import annotations

import csv
import uuid
from typing import Any

import boto3

from aisle.contracts.personalize import INTERACTIONS
from tests.waiting import settled

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"


class Model:
    """A dataset group with interactions imported in bulk, and the solutions trained on them."""

    def __init__(self, personalize: Any, s3: Any, bucket: str, engine_url: str, name: str = "aisle") -> None:
        self.client, self.s3, self.bucket = personalize, s3, bucket
        self.runtime = boto3.client("personalize-runtime", endpoint_url=engine_url)
        self.group = personalize.create_dataset_group(name=name)["datasetGroupArn"]
        self._await("dataset_group", self.group)
        schema = personalize.create_schema(name=f"{name}-rows", schema=INTERACTIONS.avro_schema)["schemaArn"]
        self.dataset = personalize.create_dataset(
            name="interactions", schemaArn=schema, datasetGroupArn=self.group, datasetType="Interactions"
        )["datasetArn"]
        self._await("dataset", self.dataset)

    def import_rows(self, *rows: str) -> None:
        """Replace the bulk interactions by these rows of CSV."""
        self.s3.put_object(
            Bucket=self.bucket, Key="export/bulk.csv", Body="\n".join([INTERACTIONS.header, *rows, ""]).encode()
        )
        job = self.client.create_dataset_import_job(
            jobName="bulk", datasetArn=self.dataset, roleArn=ROLE, importMode="FULL",
            dataSource={"dataLocation": f"s3://{self.bucket}/export/bulk.csv"},
        )["datasetImportJobArn"]  # fmt: skip
        assert self._await("dataset_import_job", job)["status"] == "ACTIVE"

    def train(self, solution: str, recipe: str, **options: Any) -> dict[str, Any]:
        """A new version of a solution, which is created if need be, as it has ended up."""
        try:
            arn = self.client.create_solution(
                name=solution, datasetGroupArn=self.group, recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
                performAutoTraining=False, **options,
            )["solutionArn"]  # fmt: skip
        except self.client.exceptions.ResourceAlreadyExistsException:
            arn = f"{self.group.rsplit(':', 1)[0]}:solution/{solution}"
        self._await("solution", arn)
        return self._await(
            "solution_version", self.client.create_solution_version(solutionArn=arn)["solutionVersionArn"]
        )

    def serve(self, name: str, version: dict[str, Any]) -> str:
        """The ARN of a new campaign of a version."""
        arn = self.client.create_campaign(name=name, solutionVersionArn=version["solutionVersionArn"])["campaignArn"]
        self._await("campaign", arn)
        return str(arn)

    def recommended(self, campaign: str, **subject: str) -> list[str]:
        answer = self.runtime.get_recommendations(campaignArn=campaign, numResults=5, **subject)
        return [item["itemId"] for item in answer["itemList"]]

    def events(self) -> list[dict[str, str]]:
        """All that came by PutEvents, as the service itself exports it."""
        job = self.client.create_dataset_export_job(
            jobName=f"events-{uuid.uuid4().hex}", datasetArn=self.dataset, ingestionMode="PUT", roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": f"s3://{self.bucket}/export/out/{uuid.uuid4().hex}/"}},
        )["datasetExportJobArn"]  # fmt: skip
        path = self._await("dataset_export_job", job)["jobOutput"]["s3DataDestination"]["path"]
        prefix = path.removeprefix(f"s3://{self.bucket}/")
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read().decode() for item in listed]
        return [row for body in bodies for row in csv.DictReader(body.splitlines())]

    def _await(self, kind: str, arn: str) -> dict[str, Any]:
        member = "".join(word.title() for word in kind.split("_"))
        member = member[0].lower() + member[1:]
        describe = getattr(self.client, f"describe_{kind}")
        return settled(lambda: describe(**{f"{member}Arn": arn})[member])
