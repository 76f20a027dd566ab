"""The commands of docs/guide.md for an import without Airflow, run as they stand there."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aisle.contracts.personalize import DATASETS
from aisle.settings import PROJECT_ROOT
from tests.waiting import settled

GROUP = "by-hand"


def commands_of(heading: str) -> str:
    """Return the first shell block below a heading of the guide."""
    section = (PROJECT_ROOT / "docs" / "guide.md").read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    block = section.split("```sh\n")[1]
    return block.partition("```")[0]


@pytest.fixture
def datasets_arn(personalize: Any) -> str:
    """A dataset group with three empty datasets; the ARN of each is this, a slash and its type."""
    group_arn = personalize.create_dataset_group(name=GROUP)["datasetGroupArn"]
    settled(lambda: personalize.describe_dataset_group(datasetGroupArn=group_arn)["datasetGroup"])
    for dataset in DATASETS:
        schema = personalize.create_schema(name=f"by-hand-{dataset.name}", schema=dataset.avro_schema)["schemaArn"]
        made = personalize.create_dataset(
            name=dataset.name, schemaArn=schema, datasetGroupArn=group_arn, datasetType=dataset.type
        )
        described = settled(partial(_describe_dataset, personalize, made["datasetArn"]))
        assert described["status"] == "ACTIVE"
    return str(made["datasetArn"]).rpartition("/")[0]


def test_s0_12_the_documented_commands_export_and_import_the_three_files(
    marts: str, personalize: Any, engine_url: str, s3_endpoint: str, bucket: str, datasets_arn: str, tmp_path: Path
) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{PROJECT_ROOT}:{PROJECT_ROOT / 'plugins'}",
        "WAREHOUSE_URL": marts,
        "AWS_ENDPOINT_URL_S3": s3_endpoint,
        "AWS_ENDPOINT_URL_PERSONALIZE": engine_url,
        "BUCKET": bucket,
        "DATASETS": datasets_arn,
        "ROLE": "arn:aws:iam::123456789012:role/personalize",
    }
    ended = subprocess.run(
        ["bash", "-euc", commands_of("Exporting by hand")],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in (tmp_path / "personalize_data").iterdir()) == [
        "interactions.csv",
        "items.csv",
        "users.csv",
    ]
    jobs = personalize.list_dataset_import_jobs()["datasetImportJobs"]
    assert len(jobs) == len(DATASETS)
    for job in jobs:
        assert _settled_status(personalize, job["datasetImportJobArn"]) == "ACTIVE"


def _describe_dataset(personalize: Any, arn: str) -> dict[str, Any]:
    described: dict[str, Any] = personalize.describe_dataset(datasetArn=arn)["dataset"]
    return described


def _settled_status(personalize: Any, arn: str) -> str:
    job = settled(lambda: personalize.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])
    return str(job["status"])
