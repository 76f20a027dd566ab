"""Batch jobs: what is refused at once, what fails later, and many lines in order."""

from __future__ import annotations

import json
from typing import Any

import pytest

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"


@pytest.fixture
def version(shop: Any, csv_of_interactions: str) -> str:
    """An ACTIVE solution version."""
    group = shop.group()
    shop.import_csv(shop.dataset(group), csv_of_interactions)
    return str(shop.train(group, "aws-user-personalization-v2")["solutionVersionArn"])


def start(shop: Any, version: str, source: str, target: str, **options: Any) -> str:
    return str(
        shop.client.create_batch_inference_job(
            jobName=shop.name, solutionVersionArn=version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": source}}, jobOutput={"s3DataDestination": {"path": target}}, **options,
        )["batchInferenceJobArn"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target", "options", "complaint"),
    [
        ("s3://b-u-c/in/", "s3://b-u-c/in", {}, "Invalid S3 output path"),
        ("http://b-u-c/in/", "s3://b-u-c/out/", {}, "Invalid S3 input path"),
        ("s3://b-u-c/in/", "https://b-u-c/out/", {}, "Invalid S3 output path"),
        ("s3://b-u-c/in/", "s3://b-u-c/out/", {"numResults": 501}, "numResults is 501"),
        ("s3://b-u-c/in/", "s3://b-u-c/out/", {"batchInferenceJobMode": "DREAM"}, "enum value set"),
        ("s3://b-u-c/in/", "s3://b-u-c/out/", {"batchInferenceJobMode": "THEME_GENERATION"}, "not covered"),
    ],
)
def test_bad_request_is_refused_at_once(
    shop: Any, version: str, source: str, target: str, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(shop.client.exceptions.InvalidInputException, match=complaint):
        start(shop, version, source, target, **options)


def test_missing_input_and_missing_bucket_fail_the_job(shop: Any, version: str) -> None:
    job = start(shop, version, f"s3://{shop.bucket}/nothing/", f"s3://{shop.bucket}/out/")
    failed = shop.settled(shop.client.describe_batch_inference_job, batchInferenceJobArn=job)
    assert failed["status"] == "CREATE FAILED"
    assert failed["failureReason"].startswith("Invalid S3 input path")
    shop.name += "-2"
    job = start(shop, version, shop.upload("in/users.json", '{"userId":"u1"}'), "s3://no-such-bucket-here/out/")
    failed = shop.settled(shop.client.describe_batch_inference_job, batchInferenceJobArn=job)
    assert "NoSuchBucket" in failed["failureReason"]


def test_lines_of_several_blocks_and_files_keep_their_order(shop: Any, version: str) -> None:
    asked = [f"u{n % 60}" if n % 3 else f"new-{n}" for n in range(9_000)]
    shop.upload("in/a.json", "".join(json.dumps({"userId": user}) + "\n" for user in asked))
    shop.upload("in/b.json", '{"userId":"u1","context":{"DEVICE":"phone"}}')
    job = start(shop, version, f"s3://{shop.bucket}/in/", f"s3://{shop.bucket}/out", numResults=5)
    assert shop.settled(shop.client.describe_batch_inference_job, batchInferenceJobArn=job)["status"] == "ACTIVE"

    def lines(name: str) -> list[dict[str, Any]]:
        body = shop.s3.get_object(Bucket=shop.bucket, Key=f"out/{name}")["Body"].read()
        return [json.loads(line) for line in body.splitlines()]

    answered = lines("a.json.out")
    assert [line["input"]["userId"] for line in answered] == asked
    assert {len(line["output"]["recommendedItems"]) for line in answered} == {5}
    by_user: dict[str, Any] = {}
    for line in answered:  # whoever asks twice, in whatever block, gets the same list
        assert by_user.setdefault(line["input"]["userId"], line["output"]) == line["output"]
    assert lines("b.json.out")[0]["input"] == {"userId": "u1", "context": {"DEVICE": "phone"}}
    assert lines("b.json.out")[0]["output"] == by_user["u1"]
