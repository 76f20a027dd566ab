"""The twin of a model: the same recipe, trained in a dataset group of its own on what lies before the hold-out.

A twin lives to be measured: nobody is ever shown its lists. It stands beside the line's dataset group because a model
learns from everything that its group holds.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

import msgspec

from airflow_postgres_s3.copy_to_s3 import Copied, RecordFormat, copy_to_s3
from aisle.batch.ranking import RankedList, read_line
from aisle.batch.records import output_lines
from aisle.contracts.personalize import BatchInput, Dataset
from aisle.contracts.recommendations import Subject
from aisle.contracts.s3_layout import evaluate_csv, evaluate_input, evaluate_output_prefix
from aisle.evaluation.hold_out import Case, HoldOut
from aisle.groups.dataset_group import DatasetGroup, Kind, Question
from aisle.settings import get_settings
from aisle.warehouse import connect, sql
from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import DATASET, SOLUTION_VERSION

_SET_BY_THE_PIPELINE = ("autoTrainingConfig",)


class Twin(NamedTuple):
    """A solution to train beside the line's: its name in the service, what it is asked about, and how it is made."""

    name: str
    kind: Kind
    recipe_arn: str
    solution_config: dict[str, Any]
    event_type: str | None


def group_name(group: DatasetGroup) -> str:
    """Name of the dataset group in which a group's twins stand."""
    return group.resource_name("holdout")


def twin_of(service: Gateway, group: DatasetGroup, question: Question, version_arn: str) -> Twin:
    """The twin of a version. Versions with equal recipe and configuration have one twin."""
    version = service.describe(SOLUTION_VERSION, version_arn)
    config, recipe_arn, event_type = _config_of(version), version["recipeArn"], version.get("eventType")
    tag = content_tag(recipe_arn, json.dumps(config, sort_keys=True), *([event_type] if event_type else []))
    name = group.resource_name("holdout", question.solution, tag)
    return Twin(name, question.kind, recipe_arn, config, event_type)


def find_twin_of(service: Gateway, group: DatasetGroup, question: Question, version_arn: str | None) -> Twin | None:
    """The twin of a version that may be none, or gone from the service."""
    try:
        return twin_of(service, group, question, version_arn) if version_arn else None
    except service.client.exceptions.ResourceNotFoundException:
        return None


def _config_of(version: dict[str, Any]) -> dict[str, Any]:
    """What a version learned by. What a search for hyperparameters has found stands in place of the search."""
    given = version.get("solutionConfig", {})
    config = {member: value for member, value in given.items() if member not in _SET_BY_THE_PIPELINE}
    found = version.get("tunedHPOParams", {}).get("algorithmHyperParameters")
    if found:
        config.pop("hpoConfig", None)
        config["algorithmHyperParameters"] = {**config.get("algorithmHyperParameters", {}), **found}
    return config


def content_tag(*parts: str) -> str:
    """Six characters for all that goes into a job: a retry has the name of its first try, other content another."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:6]


def schema_arn_of(service: Gateway, group_arn: str, dataset: Dataset) -> str:
    """The schema that the line's own dataset has: the twin's is the same."""
    arn = service.find(DATASET, dataset.type.upper(), datasetGroupArn=group_arn)
    return str(service.describe(DATASET, arn)["schemaArn"]) if arn else ""


def write_csv(s3: Any, group: DatasetGroup, dataset: Dataset, hold_out: HoldOut, run_key: str) -> Copied:
    """Stream those of a group's rows that lie before its hold-out to S3."""
    bucket, key = get_settings().storage.bucket, evaluate_csv(dataset.name, run_key, group.folder)
    rows = {mart: group.mart(mart) for mart in {"interactions", dataset.name}}
    select = sql(f"evaluation/training_rows/{dataset.name}", **rows)
    values = {"starts_at": hold_out.starts_at}
    with connect() as connection:
        return copy_to_s3(connection, select, RecordFormat.PERSONALIZE_CSV, s3, bucket, key, values)


def asked_ids(cases: list[Case]) -> list[str]:
    """List whom or what a twin is asked about, each once."""
    return sorted({case.asked_id for case in cases})


def write_questions(s3: Any, group: DatasetGroup, kind: Kind, cases: list[Case], run_key: str) -> str:
    """Write one record for each user or item that is asked about. Gives the URI."""
    bucket, key = get_settings().storage.bucket, evaluate_input(kind, run_key, group.folder)
    asked = asked_ids(cases)
    records = [BatchInput(userId=asked_id) if kind == "users" else BatchInput(itemId=asked_id) for asked_id in asked]
    s3.put_object(Bucket=bucket, Key=key, Body=b"\n".join(msgspec.json.encode(record) for record in records))
    return f"s3://{bucket}/{key}"


def output_uri(group: DatasetGroup, twin_name: str, run_key: str) -> str:
    """Where a twin's answers go."""
    return f"s3://{get_settings().storage.bucket}/{evaluate_output_prefix(twin_name, run_key, group.folder)}"


def read_lists(s3: Any, kind: Subject, uri: str) -> dict[str, list[str]]:
    """A twin's lists by the id that was asked about. A line without a list has none here either."""
    read = (read_line(line.text, kind) for line in output_lines(s3, uri))
    return {one.key: [each.product_id for each in one.products] for one in read if isinstance(one, RankedList)}
