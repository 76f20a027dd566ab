"""What was acknowledged survives SIGKILL, and work that was under way is done again."""

from __future__ import annotations

import json
import time
from typing import Any

from aisle.contracts.personalize import INTERACTIONS


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
    """Killed while the import, the training and the batch job are each in progress; every one ends well."""
    engine = own_engine(ENGINE_STEP_SECONDS="0.3")
    shop = make_shop(engine.client())
    client = shop.client
    group = shop.group()
    dataset = shop.dataset(group)
    location = shop.upload("export/data.csv", csv_of_interactions)

    def restarted_in_the_middle(start: Any, describe: Any, arn_member: str) -> dict[str, Any]:
        arn = start()
        while shop.status(describe, **{arn_member: arn}) != "CREATE IN_PROGRESS":
            time.sleep(0.02)
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


def test_sigterm_ends_the_program_with_status_0_even_under_way(own_engine: Any) -> None:
    engine = own_engine(ENGINE_STEP_SECONDS="30")
    engine.client().create_dataset_group(name="slow")
    assert engine.stop() == 0
