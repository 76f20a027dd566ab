"""Jobs use the buckets of the setting and no others, whatever the engine's own keys may reach."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.settings import PROJECT_ROOT, get_settings
from services.engine.errors import JobFailed
from services.engine.s3 import Location, Storage
from services.engine.settings import EngineSettings

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"


@pytest.fixture
def other(s3: Any) -> str:
    """A bucket that exists and that is not in the setting. It holds something secret."""
    name = f"other-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="export/data.csv", Body=b"secret")
    return name


@pytest.fixture
def limited_to(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Storage]]:
    from services.engine import s3 as engine_s3

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    engine_s3.client.cache_clear()
    yield Storage.parse
    engine_s3.client.cache_clear()


def opened(storage: Storage, place: Location) -> None:
    with storage.opened(place) as stream:
        assert stream.read()


DEEDS: dict[str, Callable[[Storage, Location, Path], object]] = {
    "list": lambda storage, place, _: storage.sizes(place),
    "read": lambda storage, place, _: opened(storage, place),
    "upload": lambda storage, place, file: storage.upload(file, place),
    "stream": lambda storage, place, _: storage.stream(iter([b"a", b"b"]), place),
    "put": lambda storage, place, _: storage.put(b"a", place),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_bucket_outside_the_setting_is_neither_read_nor_written(
    deed: str, limited_to: Callable[[str], Storage], s3: Any, bucket: str, other: str, tmp_path: Path
) -> None:
    (file := tmp_path / "file").write_text("a")
    place = Location(other, "export/data.csv")
    for setting in ("aisle", f"{bucket},{other}-archive", other.upper()):
        with pytest.raises(JobFailed, match=f"Insufficient privileges.*'{other}'.*ENGINE_BUCKETS"):
            DEEDS[deed](limited_to(setting), place, file)
    assert s3.get_object(Bucket=other, Key="export/data.csv")["Body"].read() == b"secret"
    for setting in (other, f"{bucket}, {other}", "*"):
        DEEDS[deed](limited_to(setting), place, file)


def test_default_is_the_bucket_of_the_platform() -> None:
    assert EngineSettings.model_fields["buckets"].default == type(get_settings().storage).model_fields["bucket"].default


def test_nothing_of_the_engine_reaches_s3_in_another_way() -> None:
    sources = (PROJECT_ROOT / "services" / "engine").rglob("*.py")
    assert [path.name for path in sources if "import boto3" in path.read_text()] == ["s3.py"]


def test_every_job_that_names_a_bucket_outside_the_setting_ends_as_if_its_role_might_not(
    own_engine: Any, make_shop: Any, bucket: str, other: str, csv_of_interactions: str, s3: Any
) -> None:
    engine = own_engine(ENGINE_BUCKETS=f"{bucket}, of-nobody")
    shop = make_shop(engine.client())
    group = shop.group()
    dataset = shop.dataset(group)
    shop.import_csv(dataset, csv_of_interactions)
    version = shop.train(group, "aws-user-personalization")["solutionVersionArn"]
    users = shop.upload("input/users.json", '{"userId": "u1"}\n')
    there, here = f"s3://{other}/export/", f"s3://{bucket}/out/"

    def reason(describe: Any, **arn: str) -> str:
        settled = shop.settled(describe, **arn)
        assert settled["status"] == "CREATE FAILED", settled
        return str(settled["failureReason"])

    def inferred(name: str, source: str, target: str) -> str:
        job = shop.client.create_batch_inference_job(
            jobName=name, solutionVersionArn=version, roleArn=ROLE,
            jobInput={"s3DataSource": {"path": source}}, jobOutput={"s3DataDestination": {"path": target}},
        )["batchInferenceJobArn"]  # fmt: skip
        return reason(shop.client.describe_batch_inference_job, batchInferenceJobArn=job)

    exported = shop.client.create_dataset_export_job(
        jobName="export", datasetArn=dataset, roleArn=ROLE, jobOutput={"s3DataDestination": {"path": there}}
    )["datasetExportJobArn"]
    reasons = [
        shop.import_from(dataset, there, name="from-elsewhere")["failureReason"],
        reason(shop.client.describe_dataset_export_job, datasetExportJobArn=exported),
        inferred("from-elsewhere", f"{there}data.csv", here),
        inferred("to-elsewhere", users, there),
    ]
    for text in reasons:
        assert "Insufficient privileges" in text
        assert "ENGINE_BUCKETS" in text
        assert "secret" not in text
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=other)["Contents"]] == ["export/data.csv"]
