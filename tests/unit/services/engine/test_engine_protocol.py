from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.engine import protocol, shapes
from services.engine.errors import (
    InUse,
    InvalidInput,
    NotFound,
    PersonalizeError,
    ServiceUnavailable,
    UnknownOperation,
)

ARN = "arn:aws:personalize:us-east-1:000000000000:campaign/a"


def parse(operation: str, **request: object) -> dict[str, object]:
    return read(operation, json.dumps(request).encode())


def read(operation: str, body: bytes) -> dict[str, object]:
    return operation_named(operation).parse(body)


def operation_named(name: str) -> protocol.Operation:
    (operation,) = [
        protocol.operations(service)[name] for service in protocol.SERVICES if name in protocol.operations(service)
    ]
    return operation


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


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'"text"', b"\xff", b'{"name": "\\ud800"}', b"[" * 5000, b"NaN", b"1e999"]
)
def test_body_that_is_no_object_is_invalid_input(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read("ListSchemas", body)


def test_unknown_members_and_nulls_are_dropped_at_every_depth() -> None:
    assert parse("CreateDatasetGroup", name="shop", colour="red", domain=None) == {"name": "shop"}
    source = {"dataLocation": "s3://bucket/file", "colour": "red"}
    request = parse("CreateDatasetImportJob", jobName="a", datasetArn=ARN, dataSource=source, roleArn=None)
    assert request["dataSource"] == {"dataLocation": "s3://bucket/file"}


def test_null_in_a_list_is_invalid_input() -> None:
    with pytest.raises(InvalidInput, match=r"'tagKeys\.1\.member'"):
        parse("UntagResource", resourceArn=ARN, tagKeys=[None])


def test_names_of_63_characters_and_letters_of_any_script_in_tags_pass() -> None:
    tags = [{"tagKey": "Größe", "tagValue": "日本 +1"}]
    assert parse("CreateDatasetGroup", name="x" * 63, tags=tags)["tags"] == tags


def test_digits_of_other_scripts_are_no_account() -> None:
    with pytest.raises(InvalidInput, match="roleArn"):
        parse("CreateDatasetGroup", name="a", roleArn=f"arn:aws:iam::{'٣' * 12}:role/a")


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (1_700_000_000, 1_700_000_000),
        (1_700_000_000.25, 1_700_000_000.25),
        (-1, -1),
        (0, 0),
    ],
)
def test_moments_are_read_as_seconds(moment: object, seconds: float) -> None:
    request = parse("PutEvents", trackingId="t", sessionId="s", eventList=[{"eventType": "click", "sentAt": moment}])
    assert request["eventList"] == [{"eventType": "click", "sentAt": seconds}]


@pytest.mark.parametrize(
    "moment",
    [1_700_000_000_000, True, [], "1700000000", "1700000000.5", "2023-11-14T22:13:20Z", "2023-11-14", "tomorrow", "nan",
     ""],
)  # fmt: skip
def test_moments_that_are_no_number_of_seconds_are_invalid_input(moment: object) -> None:
    """SDKs turn what they are given into a number. Text comes from programs that write the body themselves."""
    with pytest.raises(InvalidInput, match=r"sentAt.*seconds"):
        parse("PutEvents", trackingId="t", sessionId="s", eventList=[{"eventType": "click", "sentAt": moment}])


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetRecommendations", {"campaignArn": ARN, "numResults": 2**31}),
        ("GetRecommendations", {"campaignArn": ARN, "numResults": -1}),
        ("GetRecommendations", {"campaignArn": ARN, "userId": "x" * 257}),
        ("GetRecommendations", {"campaignArn": ARN, "context": {"with space": "a"}}),
        ("GetRecommendations", {"campaignArn": ARN, "filterValues": {f"k{n}": "v" for n in range(26)}}),
        ("GetRecommendations", {"campaignArn": ARN, "promotions": [{}, {}]}),
        ("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": []}),
        ("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": [{"sentAt": 0, "eventType": "a"}] * 11}),
        (
            "PutEvents",
            {"trackingId": "t", "sessionId": "s", "eventList": [{"sentAt": 0, "eventType": "a", "eventValue": 1e39}]},
        ),
    ],
)
def test_data_planes_are_checked_the_same_way(operation: str, request_: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="1 validation error detected"):
        parse(operation, **request_)


def test_pattern_of_the_models_that_takes_cubic_time_does_not() -> None:
    pattern = r"^[\x20-\x7E]*[\x21-\x7E]+[\x20-\x7E]*$"
    matches = shapes.compiled(pattern).fullmatch
    assert [bool(matches(text)) for text in ("a", " a ", "a b", " ", "", "é", "a\n")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip
    assert not matches("a" * 100_000 + "\n")


def test_every_pattern_of_the_models_compiles() -> None:
    for service in protocol.SERVICES:
        model = protocol.service_model(service)
        patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
        assert patterns
        for pattern in patterns:
            assert "\\p" not in shapes.compiled(pattern).pattern


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("PutUsers", {"datasetArn": ARN, "users": [{"userId": "u", "properties": "secret" * 5_000}]}),
        ("PutEvents", {"trackingId": "t", "sessionId": "s", "eventList": [{"sentAt": "secret", "eventType": "a"}]}),
        ("GetRecommendations", {"filterValues": {"a": "secret" * 500}}),
        ("TagResource", {"resourceArn": ARN, "tags": [{"tagKey": "a", "tagValue": "secret;" * 50}]}),
    ],
)
def test_what_the_model_marks_as_sensitive_is_not_echoed(operation: str, request_: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="Value at '") as raised:
        parse(operation, **request_)
    assert "secret" not in str(raised.value)


def test_answer_holds_only_what_the_shape_knows_and_times_as_seconds() -> None:
    moment = datetime(2026, 11, 21, 6, tzinfo=UTC)
    answer = {"datasetGroup": {"name": "a", "status": None, "inner": 1, "creationDateTime": moment}, "other": 2}
    assert json.loads(operation_named("DescribeDatasetGroup").success_body(answer)) == {
        "datasetGroup": {"name": "a", "creationDateTime": moment.timestamp()}
    }
    assert operation_named("DeleteSchema").success_body({"schemaArn": "a"}) == b"{}"


def test_error_carries_its_type_and_message() -> None:
    assert json.loads(protocol.error_body(InvalidInput("no"))) == {"__type": "InvalidInputException", "message": "no"}


@pytest.mark.parametrize(
    ("operation", "error", "status"),
    [
        ("DescribeSchema", NotFound("no"), 400),
        ("GetRecommendations", NotFound("no"), 404),
        ("PutItems", InUse("no"), 409),
        ("PutItems", InvalidInput("no"), 400),
        ("PutItems", ServiceUnavailable("no"), 503),
    ],
)
def test_status_is_that_of_the_model(operation: str, error: PersonalizeError, status: int) -> None:
    assert operation_named(operation).error_status(error) == status


def test_path_that_names_no_operation_is_unknown() -> None:
    with pytest.raises(UnknownOperation, match="/personalized-ranking") as raised:
        protocol.data_operation("/personalized-ranking")
    assert raised.value.status == 404
    assert protocol.data_operation("/personalize-ranking").name == "GetPersonalizedRanking"
