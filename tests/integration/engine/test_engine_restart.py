"""What was acknowledged survives SIGKILL, and work that was under way is done again.

`ENGINE_KILLS=100 pytest -s tests/integration/engine/test_engine_restart.py` kills the engine that often;
`ENGINE_KILLS_SEED` repeats a run.
"""

from __future__ import annotations

import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from aisle.contracts.personalize import INTERACTIONS, ITEMS
from tests.waiting import wait_for

KILLS = int(os.environ.get("ENGINE_KILLS", "6"))
SEED = int(os.environ.get("ENGINE_KILLS_SEED", "20"))
ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
#: Errors of an engine that is busy; any other error is a fault.
BUSY = ("ResourceInUseException", "LimitExceededException")
ENDS = ("ACTIVE", "CREATE FAILED", "CREATE STOPPED", "COMPLETED", "FAILED", None)


def test_acknowledged_resources_are_there_after_sigkill(own_engine: Any) -> None:
    engine = own_engine()
    client = engine.client()
    acknowledged = []
    for n in range(50):
        acknowledged.append(client.create_schema(name=f"schema-{n}", schema=INTERACTIONS.avro_schema)["schemaArn"])
    engine.kill()
    engine.start()
    listed = {schema["schemaArn"] for schema in client.list_schemas()["schemas"]}
    assert listed == set(acknowledged)
    assert len(listed) == 50


def test_jobs_killed_half_way_are_done_after_the_next_start(
    own_engine: Any, make_shop: Any, csv_of_interactions: str
) -> None:
    """Killed while the import, the training and the batch job are each in progress; all of them succeed."""
    engine = own_engine(ENGINE_STEP_SECONDS="0.3")
    shop = make_shop(engine.client())
    client = shop.client
    group = shop.group()
    dataset = shop.dataset(group)
    location = shop.upload("export/data.csv", csv_of_interactions)

    def restarted_in_the_middle(start: Any, describe: Any, arn_member: str) -> dict[str, Any]:
        arn = start()
        wait_for(lambda: shop.status(describe, **{arn_member: arn}) == "CREATE IN_PROGRESS", f"{arn} in progress")
        engine.kill()
        engine.start()
        resource: dict[str, Any] = shop.settled(describe, **{arn_member: arn})
        assert resource["status"] == "ACTIVE", resource
        return resource

    restarted_in_the_middle(
        lambda: client.create_dataset_import_job(
            jobName="import", datasetArn=dataset, dataSource={"dataLocation": location}
        )["datasetImportJobArn"],
        client.describe_dataset_import_job,
        "datasetImportJobArn",
    )
    solution = client.create_solution(
        name="popular", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-popularity-count"
    )["solutionArn"]
    shop.settled(client.describe_solution, solutionArn=solution)
    version = restarted_in_the_middle(
        lambda: client.create_solution_version(solutionArn=solution)["solutionVersionArn"],
        client.describe_solution_version,
        "solutionVersionArn",
    )["solutionVersionArn"]
    restarted_in_the_middle(
        lambda: shop.start_inference(version, ['{"userId":"u1"}']),
        client.describe_batch_inference_job,
        "batchInferenceJobArn",
    )
    body = shop.s3.get_object(Bucket=shop.bucket, Key="output/users/users.json.out")["Body"].read()
    assert len(json.loads(body)["output"]["recommendedItems"]) == 25


class Customer:
    """Calls an engine at random and keeps account of what was acknowledged."""

    def __init__(self, shop: Any, url: str, choices: random.Random) -> None:
        once = Config(retries={"total_max_attempts": 1}, read_timeout=30)
        self.client = boto3.client("personalize", endpoint_url=url, config=once)
        self.shop, self.url, self.choices = shop, url, choices
        self.acknowledged: set[str] = set()
        self.deleted: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.group = self.dataset = self.items = self.solution = self.campaign = ""

    def furnish(self, csv: str) -> None:
        """Everything that the calls need: data, a trained version, a campaign."""
        self.group = self.shop.group()
        self.dataset, self.items = self.shop.dataset(self.group), self.shop.dataset(self.group, ITEMS)
        self.location = self.shop.upload("export/data.csv", csv)
        self.shop.import_from(self.dataset, self.location)
        version = self.shop.train(self.group, "aws-popularity-count")
        self.solution, self.version = version["solutionArn"], version["solutionVersionArn"]
        self.lines = self.shop.upload("input/users.json", '{"userId":"u1"}\n')
        self.forgotten = self.shop.upload("forget/users.csv", "USER_ID\nnobody\n")
        self.campaign = self.client.create_campaign(
            name=self.shop.name, solutionVersionArn=f"{self.solution}/$LATEST",
            campaignConfig={"syncWithLatestSolutionVersion": True},
        )["campaignArn"]  # fmt: skip
        self.shop.settled(self.client.describe_campaign, campaignArn=self.campaign)
        self.acknowledged |= {self.group, self.dataset, self.items, self.solution, self.version, self.campaign}

    def call_until_it_dies(self) -> None:
        """Make random calls in turn until the engine answers no more."""
        actions = (
            self.make_schema, self.make_filter, self.remove_filter, self.import_, self.train, self.stop, self.infer,
            self.update_campaign, self.update_solution, self.update_dataset, self.make_export, self.forget,
        )  # fmt: skip
        while True:
            action = self.choices.choice(actions)
            try:
                action()
                self.calls[action.__name__] += 1
            except (HTTPClientError, EndpointConnectionError):  # while it was asked, or before
                return
            except KeyError:  # only the head of the answer came: to boto3 an answer without a body has no members
                assert not self.is_answered(), f"{action.__name__} was answered without what it asks for"
                return
            except ClientError as error:
                if error.response["Error"]["Code"] not in BUSY:
                    raise

    def is_answered(self) -> bool:
        try:
            return httpx.get(self.url, headers={"Accept": "application/json"}, timeout=30).is_success
        except httpx.TransportError:
            return False

    def name(self) -> str:
        return f"n{self.choices.getrandbits(64):x}"

    def created(self, answer: dict[str, Any], member: str) -> None:
        self.acknowledged.add(answer[member])

    def make_schema(self) -> None:
        self.created(self.client.create_schema(name=self.name(), schema=ITEMS.avro_schema), "schemaArn")

    def make_filter(self) -> None:
        expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
        answer = self.client.create_filter(name=self.name(), datasetGroupArn=self.group, filterExpression=expression)
        self.created(answer, "filterArn")

    def remove_filter(self) -> None:
        filters = sorted(arn for arn in self.acknowledged - self.deleted if ":filter/" in arn)
        if filters:
            chosen = self.choices.choice(filters)
            # A call without an answer may have been carried out or not: the filter may exist or not.
            self.acknowledged.discard(chosen)
            try:
                self.client.delete_filter(filterArn=chosen)
            except ClientError:
                self.acknowledged.add(chosen)
                raise
            self.deleted.add(chosen)

    def import_(self) -> None:
        answer = self.client.create_dataset_import_job(
            jobName=self.name(), datasetArn=self.dataset, dataSource={"dataLocation": self.location}, roleArn=ROLE
        )
        self.created(answer, "datasetImportJobArn")

    def train(self) -> None:
        self.created(self.client.create_solution_version(solutionArn=self.solution), "solutionVersionArn")

    def stop(self) -> None:
        versions = sorted(arn for arn in self.acknowledged if arn.startswith(f"{self.solution}/"))
        self.client.stop_solution_version_creation(solutionVersionArn=self.choices.choice(versions))

    def infer(self) -> None:
        name = self.name()
        answer = self.client.create_batch_inference_job(
            jobName=name, solutionVersionArn=self.version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": self.lines}},
            jobOutput={"s3DataDestination": {"path": f"s3://{self.shop.bucket}/output/{name}/"}},
        )  # fmt: skip
        self.created(answer, "batchInferenceJobArn")

    def update_campaign(self) -> None:
        self.client.update_campaign(campaignArn=self.campaign, minProvisionedTPS=self.choices.randint(1, 9))

    def update_solution(self) -> None:
        self.client.update_solution(solutionArn=self.solution, performAutoTraining=self.choices.random() < 0.5)

    def update_dataset(self) -> None:
        schema = self.client.describe_dataset(datasetArn=self.items)["dataset"]["schemaArn"]
        self.client.update_dataset(datasetArn=self.items, schemaArn=schema)

    def make_export(self) -> None:
        name = self.name()
        target = {"s3DataDestination": {"path": f"s3://{self.shop.bucket}/exported/{name}/"}}
        answer = self.client.create_dataset_export_job(
            jobName=name, datasetArn=self.dataset, roleArn=ROLE, jobOutput=target, ingestionMode="ALL"
        )
        self.created(answer, "datasetExportJobArn")

    def forget(self) -> None:
        answer = self.client.create_data_deletion_job(
            jobName=self.name(), datasetGroupArn=self.group, roleArn=ROLE,
            dataSource={"dataLocation": self.forgotten},
        )  # fmt: skip
        self.created(answer, "dataDeletionJobArn")

    def listed(self) -> dict[str, dict[str, Any]]:
        """Every resource that the engine knows, by ARN."""
        kinds = httpx.get(self.url, headers={"Accept": "application/json"}, timeout=30).json()
        return {resource["arn"]: resource for resources in kinds.values() for resource in resources}

    def settled(self) -> dict[str, dict[str, Any]]:
        """Every resource by ARN, once nothing is under way any more."""
        listed: dict[str, dict[str, Any]] = {}

        def unsettled() -> list[str]:
            listed.clear()  # what was being deleted is listed no more
            listed.update(self.listed())
            return [arn for arn, resource in listed.items() if resource["status"] not in ENDS]

        wait_for(lambda: not unsettled() and not self._updating(), lambda: f"an end of {unsettled()}")
        return listed

    def _updating(self) -> bool:
        updates = (
            self.client.describe_campaign(campaignArn=self.campaign)["campaign"].get("latestCampaignUpdate"),
            self.client.describe_solution(solutionArn=self.solution)["solution"].get("latestSolutionUpdate"),
        )
        return any(update["status"] not in ENDS for update in updates if update)


@pytest.mark.timeout(60 + 20 * KILLS)
def test_nothing_acknowledged_is_lost_however_often_the_engine_is_killed(
    own_engine: Callable[..., Any], make_shop: Any, csv_of_interactions: str
) -> None:
    """Killed at random moments of random calls and jobs; what was acknowledged is there and comes to an end."""
    engine = own_engine(ENGINE_STEP_SECONDS="0.02")
    choices = random.Random(SEED)
    customer = Customer(make_shop(engine.client()), engine.url, choices)
    customer.furnish(csv_of_interactions)
    for _ in range(KILLS):
        killer = threading.Timer(choices.uniform(0.02, choices.choice((0.5, 1.5, 4))), engine.kill)
        killer.start()
        customer.call_until_it_dies()
        killer.join()
        engine.start()
        listed = customer.listed()
        assert customer.acknowledged <= listed.keys()
        for arn in customer.deleted & listed.keys():
            assert listed[arn]["status"].startswith("DELETE"), listed[arn]
    listed = customer.settled()
    assert customer.acknowledged <= listed.keys()
    assert not customer.deleted & listed.keys()
    failed = [resource for resource in listed.values() if resource["status"] in ("CREATE FAILED", "FAILED")]
    assert all(
        resource["failureReason"] and "Internal failure" not in resource["failureReason"] for resource in failed
    ), failed
    campaign = customer.client.describe_campaign(campaignArn=customer.campaign)["campaign"]
    assert listed[campaign["solutionVersionArn"]]["status"] == "ACTIVE"
    print(  # noqa: T201
        f"seed {SEED}: killed {KILLS} times, {sum(customer.calls.values())} calls acknowledged {dict(customer.calls)}, "
        f"{len(listed)} resources {dict(Counter(resource['status'] for resource in listed.values()))}"
    )


def test_sigterm_ends_the_program_with_status_0_even_under_way(own_engine: Any) -> None:
    engine = own_engine(ENGINE_STEP_SECONDS="30")
    engine.client().create_dataset_group(name="slow")
    assert engine.stop() == 0
