"""Each region is a world of its own: what was made in one cannot be seen, used or changed from another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.engine.errors import InvalidInput, NotFound
from services.engine.operations.base import Call
from services.engine.protocol import SERVICES, operations, service_model
from tests.unit.services.engine.control import REGION, Control

ELSEWHERE = "eu-west-1"
ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
SHOP = f"arn:aws:personalize:{REGION}:000000000000:dataset-group/shop"
#: Members that name things of other services.
OF_OTHERS = {"roleArn", "kmsKeyArn"}
OPERATIONS = {name: operation for service in SERVICES for name, operation in operations(service).items()}
#: Operations that have no error for what does not exist, because they list what belongs to it: nothing.
LISTS = {name for name, operation in OPERATIONS.items() if "ResourceNotFoundException" not in operation.error_statuses}
LISTS -= {"ListMetricAttributionMetrics"}  # lists what is within one resource


def filled(shape: Any) -> Any:
    """A small value that the model of a member allows."""
    kinds = {"string": "shop", "integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": True, "timestamp": 1}
    if shape.type_name == "structure":
        return {member: filled(shape.members[member]) for member in shape.required_members}
    if shape.type_name == "list":
        return [filled(shape.member)]
    if shape.type_name == "map":
        return {}
    if shape.enum:
        return shape.enum[0]
    if "Arn" in shape.name:
        return ROLE if "Role" in shape.name else "arn:aws:personalize:::recipe/aws-sims"
    if "s3" in shape.metadata.get("pattern", ""):
        return "s3://shop/a"
    return kinds[shape.type_name]


def requests() -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation with every member that names a resource, and a request in which it names one of REGION."""
    calls = []
    for service in SERVICES:
        model = service_model(service)
        for name in model.operation_names:
            shape = model.operation_model(name).input_shape
            for member in sorted(shape.members):
                if member.endswith("Arn") and member not in OF_OTHERS:
                    calls.append((name, member, filled(shape) | {member: SHOP}))
    return calls


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Control:
    return Control(tmp_path_factory.mktemp("engine"))


def asked(control: Control, name: str, region: str, request: dict[str, Any]) -> dict[str, Any]:
    operation = OPERATIONS[name]
    answer = control.provider.answer(operation, Call(operation.parse(json.dumps(request).encode()), region))
    return dict(answer)


def arguments(cases: list[tuple[str, str, dict[str, Any]]]) -> Any:
    return pytest.mark.parametrize(("name", "request_"), [pytest.param(name, given, id=f"{name}-{member}")
                                                          for name, member, given in cases])  # fmt: skip


@arguments([case for case in requests() if case[0] not in LISTS])
def test_resource_of_another_region_does_not_exist(control: Control, name: str, request_: dict[str, Any]) -> None:
    with pytest.raises(NotFound, match=f"is in {REGION}, and the call is signed for {ELSEWHERE}"):
        asked(control, name, ELSEWHERE, request_)


@arguments([case for case in requests() if case[0] in LISTS])
def test_list_of_another_region_is_empty(control: Control, name: str, request_: dict[str, Any]) -> None:
    assert name.startswith("List")
    (listed,) = asked(control, name, ELSEWHERE, request_).values()
    assert listed == []


@pytest.mark.parametrize(
    "nested",
    [
        {"promotions": [{"name": "sale", "percentPromotedItems": 50, "filterArn": SHOP}]},
        {"promotions": [{}], "filterArn": SHOP},
    ],
)
def test_resource_of_another_region_within_a_request_does_not_exist(control: Control, nested: dict[str, Any]) -> None:
    campaign = f"arn:aws:personalize:{ELSEWHERE}:000000000000:campaign/shop"
    with pytest.raises(NotFound, match=SHOP):
        asked(control, "GetRecommendations", ELSEWHERE, {"campaignArn": campaign, **nested})


def test_tracking_id_of_another_region_is_unknown(tmp_path: Path) -> None:
    control = Control(tmp_path)
    group = control.group()
    arn = control.created("EventTracker", name="web", datasetGroupArn=group)
    tracking_id = control.described("EventTracker", arn)["trackingId"]
    event = {"eventType": "click", "itemId": "i1", "sentAt": 1_700_000_000}
    call = {"trackingId": tracking_id, "sessionId": "s", "userId": "u", "eventList": [event]}
    with pytest.raises(InvalidInput, match="no ACTIVE event tracker"):
        asked(control, "PutEvents", ELSEWHERE, call)
    assert control.provider.datasets.records.count() == 0
    assert asked(control, "PutEvents", REGION, call) == {}
    assert control.provider.datasets.records.count() == 1


def test_same_name_can_be_taken_in_every_region(tmp_path: Path) -> None:
    control = Control(tmp_path)
    arns = [asked(control, "CreateDatasetGroup", region, {"name": "shop"})["datasetGroupArn"]
            for region in (REGION, ELSEWHERE)]  # fmt: skip
    assert arns == [SHOP, SHOP.replace(REGION, ELSEWHERE)]
    listed = asked(control, "ListDatasetGroups", ELSEWHERE, {})["datasetGroups"]
    assert [group["datasetGroupArn"] for group in listed] == arns[1:]


@pytest.mark.parametrize("region", [REGION, ELSEWHERE])
def test_recipes_belong_to_every_region(control: Control, region: str) -> None:
    recipe = "arn:aws:personalize:::recipe/aws-sims"
    assert asked(control, "DescribeRecipe", region, {"recipeArn": recipe})["recipe"]["recipeArn"] == recipe
