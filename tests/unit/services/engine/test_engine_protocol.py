from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.engine import protocol
from services.engine.errors import InvalidInput, UnknownOperation


def parse(operation: str, **request: object) -> dict[str, object]:
    return protocol.parse(protocol.control_operation(f"AmazonPersonalize.{operation}"), json.dumps(request).encode())


@pytest.mark.parametrize("target", ["", "CreateSchema", "AmazonPersonalize.Nothing", "Other.CreateSchema"])
def test_target_that_names_no_operation_is_unknown(target: str) -> None:
    with pytest.raises(UnknownOperation, match="X-Amz-Target"):
        protocol.control_operation(target)


@pytest.mark.parametrize(
    ("operation", "request_", "violation"),
    [
        ("CreateDatasetGroup", {"name": "x" * 64}, "'name' failed .* less than or equal to 63"),
        ("CreateDatasetGroup", {"name": "with space"}, "regular expression pattern"),
        ("CreateDatasetGroup", {"name": "-leading"}, "regular expression pattern"),
        ("CreateDatasetGroup", {"name": ""}, "greater than or equal to 1"),
        ("CreateDatasetGroup", {}, "'name' failed .* must not be null"),
        ("CreateDatasetGroup", {"name": 5}, "type string"),
        ("CreateDatasetGroup", {"name": "a", "domain": "SHOP"}, "enum value set"),
        ("CreateDatasetGroup", {"name": "a", "tags": [{"tagKey": "k"}]}, "'tags.1.member.tagValue'"),
        ("CreateDatasetGroup", {"name": "a", "tags": [{"tagKey": "a;b", "tagValue": ""}]}, "'tags.1.member.tagKey'"),
        ("CreateDatasetImportJob", {"jobName": "a", "datasetArn": "b", "dataSource": {}}, "'datasetArn'"),
        ("ListDatasetGroups", {"maxResults": 101}, "less than or equal to 100"),
        ("ListDatasetGroups", {"maxResults": True}, "type integer"),
        ("ListDatasetGroups", {"maxResults": 1.5}, "type integer"),
    ],
)
def test_what_the_model_excludes_is_invalid_input(operation: str, request_: dict[str, object], violation: str) -> None:
    with pytest.raises(InvalidInput, match=violation):
        parse(operation, **request_)


def test_list_longer_than_the_model_allows_is_invalid_input() -> None:
    events = [{"eventType": f"type{n}"} for n in range(11)]
    with pytest.raises(InvalidInput, match="eventParametersList"):
        parse(
            "CreateSolution",
            name="s",
            datasetGroupArn="arn:aws:personalize:us-east-1:000000000000:dataset-group/g",
            solutionConfig={"eventsConfig": {"eventParametersList": events}},
        )


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"'])
def test_body_that_is_no_object_is_invalid_input(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        protocol.parse(protocol.control_operation("AmazonPersonalize.ListSchemas"), body)


def test_unknown_members_and_nulls_are_dropped() -> None:
    assert parse("CreateDatasetGroup", name="shop", colour="red", domain=None) == {"name": "shop"}


def test_names_of_63_characters_and_letters_of_any_script_in_tags_pass() -> None:
    tags = [{"tagKey": "Größe", "tagValue": "日本 +1"}]
    assert parse("CreateDatasetGroup", name="x" * 63, tags=tags)["tags"] == tags


def test_answer_holds_only_what_the_shape_knows_and_times_as_seconds() -> None:
    operation = protocol.control_operation("AmazonPersonalize.DescribeDatasetGroup")
    moment = datetime(2026, 11, 21, 6, tzinfo=UTC)
    answer = {"datasetGroup": {"name": "a", "status": None, "inner": 1, "creationDateTime": moment}, "other": 2}
    assert json.loads(protocol.success_body(operation, answer)) == {
        "datasetGroup": {"name": "a", "creationDateTime": moment.timestamp()}
    }


def test_error_carries_its_type_and_message() -> None:
    assert json.loads(protocol.error_body(InvalidInput("no"))) == {"__type": "InvalidInputException", "message": "no"}
