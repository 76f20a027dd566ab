"""The names of every kind, compared with botocore's model of the service."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape

from personalize_kinds.arns import Arn, parse_arn
from personalize_kinds.kinds import (
    DATASET_GROUP,
    IN_ORDER_OF_CREATION,
    KINDS,
    METRIC_ATTRIBUTION,
    RECIPE,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)
from personalize_kinds.statuses import DATASET_UPDATE

MODEL = ServiceModel(Loader().load_service_model("personalize", "service-2"))
EVERY_KIND = pytest.mark.parametrize("kind", [*KINDS.values(), RECIPE], ids=lambda kind: kind.name)


def shape(operation: str, side: str) -> StructureShape:
    model: Any = MODEL.operation_model(operation)
    return getattr(model, f"{side}_shape")


def described(kind: Kind) -> StructureShape:
    return shape(f"Describe{kind.noun}", "output").members[kind.member]


@EVERY_KIND
def test_the_names_of_a_kind_are_those_of_the_service(kind: Kind) -> None:
    assert shape(f"Describe{kind.noun}", "input").required_members == [kind.arn_member]
    assert {kind.arn_member} <= described(kind).members.keys()
    assert kind.list_member in shape(f"List{kind.noun}s", "output").members
    assert kind.has_status == ("status" in described(kind).members)


@EVERY_KIND
def test_a_list_is_narrowed_by_what_the_kind_lives_under(kind: Kind) -> None:
    parents = {member for member in shape(f"List{kind.noun}s", "input").members if member.endswith("Arn")}
    assert parents == ({kind.parent_member} if kind.parent_member else set())


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_is_created_has_its_arn_in_the_answer_and_takes_tags_where_the_kind_has_tags(kind: Kind) -> None:
    assert kind.arn_member in shape(f"Create{kind.noun}", "output").members
    assert kind.has_tags == ("tags" in shape(f"Create{kind.noun}", "input").members)
    name = "jobName" if kind.is_job else "name"
    assert name in shape(f"Create{kind.noun}", "input").members


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_what_can_be_deleted_has_an_operation_for_it_itself_or_with_its_solution(kind: Kind) -> None:
    assert kind.can_be_deleted == (f"Delete{kind.noun}" in MODEL.operation_names or kind == SOLUTION_VERSION)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_an_update_that_takes_time_has_a_member_of_its_own(kind: Kind) -> None:
    updated = f"Update{kind.noun}" in MODEL.operation_names and kind != METRIC_ATTRIBUTION
    assert updated == (kind.update_member in described(kind).members)
    assert kind.status_path("updated") == f"{kind.member}.latest{kind.noun}Update.status"
    assert kind.status_path("active") == kind.status_path("deleted") == f"{kind.member}.status"
    assert kind.shows_update == (kind.update == DATASET_UPDATE) == (kind.name == "dataset")


def test_every_kind_of_the_service_is_there() -> None:
    nouns = {name.removeprefix("Create") for name in MODEL.operation_names if name.startswith("Create")}
    assert nouns == set(KINDS)


def test_a_name_is_said_and_written_in_each_way_that_callers_need() -> None:
    kind = KINDS["DatasetImportJob"]
    assert kind.title == "dataset import job"
    assert (kind.noun, kind.member) == ("DatasetImportJob", "datasetImportJob")
    assert (kind.arn_member, kind.list_member) == ("datasetImportJobArn", "datasetImportJobs")
    assert kind.arn_type == "dataset-import-job"
    assert KINDS["Filter"].list_member == "Filters"
    assert SOLUTION_VERSION.arn_type == SOLUTION.arn_type == "solution"


def test_what_a_kind_lives_under_is_created_before_it() -> None:
    order = [kind.arn_member for kind in IN_ORDER_OF_CREATION]
    for kind in IN_ORDER_OF_CREATION:
        if kind.parent_member:
            assert order.index(kind.parent_member) < order.index(kind.arn_member)
    assert order.index(SCHEMA.arn_member) < order.index("datasetArn")
    assert IN_ORDER_OF_CREATION[0] == DATASET_GROUP


def test_the_arn_of_a_version_is_that_of_its_solution_too() -> None:
    version = "arn:aws:personalize:us-east-1:000000000000:solution/shop/83cc95fc"
    assert SOLUTION.own_arn(version) == version.removesuffix("/83cc95fc")
    assert SOLUTION_VERSION.own_arn(version) == version
    assert SOLUTION.own_arn(SOLUTION.own_arn(version)) == SOLUTION.own_arn(version)


@pytest.mark.parametrize(
    ("text", "arn", "name"),
    [
        (
            "arn:aws:personalize:eu-west-1:000000000000:dataset/shop/ITEMS",
            Arn("eu-west-1", "000000000000", "dataset/shop/ITEMS"),
            "shop/ITEMS",
        ),
        ("arn:aws:personalize:::recipe/aws-sims", Arn("", "", "recipe/aws-sims"), "aws-sims"),
        ("arn:aws-cn:personalize:cn-north-1:1:filter/f", Arn("cn-north-1", "1", "filter/f"), "f"),
    ],
)
def test_an_arn_is_taken_apart(text: str, arn: Arn, name: str) -> None:
    assert parse_arn(text) == arn
    assert arn.name == name


@pytest.mark.parametrize(
    "text", ["", "shop", "arn:aws:s3:::bucket/key", "arn:aws:personalize:us-east-1:1", "arn:aws:personalize:::"]
)
def test_what_is_no_arn_of_the_service_is_none(text: str) -> None:
    assert parse_arn(text) is None


def test_an_arn_is_written_as_it_was_read() -> None:
    text = "arn:aws:personalize:eu-west-1:000000000000:dataset/shop/ITEMS"
    assert str(parse_arn(text)) == text
