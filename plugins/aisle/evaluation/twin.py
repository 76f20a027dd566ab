"""The twin of a model: the same recipe, trained in a dataset group of its own on what lies before the hold-out.

A twin is only measured; its lists are never published. It has a dataset group of its own because a model learns from
everything in its group.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import msgspec

from airflow_postgres_s3.copy_to_s3 import Copied, RecordFormat, copy_to_s3
from aisle.batch.ranking import RankedList, read_record
from aisle.batch.records import output_records
from aisle.contracts.personalize import BatchInput, Dataset
from aisle.contracts.recommendations import Subject
from aisle.contracts.s3_layout import evaluate_csv, evaluate_input, evaluate_output_prefix
from aisle.evaluation.hold_out import Case, HoldOut
from aisle.groups.dataset_group import DatasetGroup, Kind, Question
from aisle.objects import S3Uri
from aisle.settings import get_settings
from aisle.warehouse import connect, sql
from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import DATASET, SOLUTION_VERSION

_SET_BY_THE_PIPELINE = ("autoTrainingConfig",)


@dataclass(frozen=True, slots=True)
class Twin:
    """A twin to train: its name in the service, what it is asked about, and its configuration."""

    name: str
    kind: Kind
    recipe_arn: str
    solution_config: dict[str, Any]
    event_type: str | None


def group_name(group: DatasetGroup) -> str:
    """Return the name of the dataset group of a group's twins."""
    return group.resource_name("holdout")


def twin_of(service: Gateway, group: DatasetGroup, question: Question, version_arn: str) -> Twin:
    """Return the twin of a version. Versions with equal recipe and configuration share a twin."""
    version = service.describe(SOLUTION_VERSION, version_arn)
    config, recipe_arn, event_type = _config_of(version), version["recipeArn"], version.get("eventType")
    tag = content_tag(recipe_arn, json.dumps(config, sort_keys=True), *([event_type] if event_type else []))
    name = group.resource_name("holdout", question.solution, tag)
    return Twin(name, question.kind, recipe_arn, config, event_type)


def find_twin_of(service: Gateway, group: DatasetGroup, question: Question, version_arn: str | None) -> Twin | None:
    """Return the twin of a version; None if there is no version, or the service no longer has it."""
    try:
        return twin_of(service, group, question, version_arn) if version_arn else None
    except service.client.exceptions.ResourceNotFoundException:
        return None


def _config_of(version: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a version, with tuned hyperparameters in place of their search."""
    given = version.get("solutionConfig", {})
    config = {member: value for member, value in given.items() if member not in _SET_BY_THE_PIPELINE}
    tuned = version.get("tunedHPOParams", {}).get("algorithmHyperParameters")
    if tuned:
        config.pop("hpoConfig", None)
        config["algorithmHyperParameters"] = {**config.get("algorithmHyperParameters", {}), **tuned}
    return config


def content_tag(*parts: str) -> str:
    """Return six characters that identify the content of a job, so that a retry gets the same name."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:6]


def schema_arn_of(service: Gateway, group_arn: str, dataset: Dataset) -> str:
    """Return the schema ARN of the pipeline's own dataset, which the twin shares; empty if there is none."""
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
    """Write one record for each user or item asked about. Return the URI."""
    uri = S3Uri(get_settings().storage.bucket, evaluate_input(kind, run_key, group.folder))
    asked = asked_ids(cases)
    records = [BatchInput(userId=asked_id) if kind == "users" else BatchInput(itemId=asked_id) for asked_id in asked]
    s3.put_object(Bucket=uri.bucket, Key=uri.key, Body=b"\n".join(msgspec.json.encode(record) for record in records))
    return str(uri)


def output_uri(group: DatasetGroup, twin_name: str, run_key: str) -> str:
    """Return the S3 URI of a twin's answers."""
    return str(S3Uri(get_settings().storage.bucket, evaluate_output_prefix(twin_name, run_key, group.folder)))


def read_lists(s3: Any, kind: Subject, uri: str) -> dict[str, list[str]]:
    """Return a twin's lists by the id asked about, without ids that got no list."""
    read = (read_record(record.text, kind) for record in output_records(s3, uri))
    return {
        ranked.key: [product.product_id for product in ranked.products]
        for ranked in read
        if isinstance(ranked, RankedList)
    }
