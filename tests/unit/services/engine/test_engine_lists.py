"""Every list operation that can be narrowed by an ARN, held against the service's model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from personalize_kinds.kinds import KINDS, Kind
from tests.unit.services.engine.control import OUTPUT, ROLE, Control

#: What a resource of a kind lies under, by the member that a list is narrowed by.
PARENTS = {"datasetGroupArn": "DatasetGroup", "datasetArn": "Dataset", "solutionArn": "Solution"}
PARENTS["solutionVersionArn"] = "SolutionVersion"
#: Lists of something else than resources, or of what the engine never has.
OF_NO_RESOURCES = {"ListTagsForResource", "ListMetricAttributionMetrics", "ListRecommenders"}
#: Solutions of one version each: what a batch segment job takes is not what a campaign or an inference job takes.
SEGMENTING, INFERRING = "segments", "taste"

Shop = dict[str, str]


def _narrowed() -> list[tuple[str, str]]:
    model = Session().get_service_model("personalize")
    narrowed = []
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        members = [member for member in shape.members if member.endswith("Arn")] if shape else []
        if operation.startswith("List") and operation not in OF_NO_RESOURCES:
            narrowed += [(operation, member) for member in members]
    return narrowed


NARROWED = _narrowed()
by_list = pytest.mark.parametrize(("operation", "member"), NARROWED, ids=[operation for operation, _ in NARROWED])


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Control:
    return Control(Path(tmp_path_factory.mktemp("engine")))


@pytest.fixture(scope="module")
def shops(control: Control) -> tuple[Shop, Shop]:
    """Two groups with one resource of each kind below them: its ARN by noun."""
    return _shop(control, "north"), _shop(control, "south")


def _shop(control: Control, name: str) -> Shop:
    group = control.group(name)
    dataset = group.replace(":dataset-group/", ":dataset/") + "/INTERACTIONS"
    solution = control.solution(group, f"{name}-{INFERRING}", "aws-user-personalization")
    version = control.version(solution, "one")
    segmenting = control.version(control.solution(group, f"{name}-{SEGMENTING}", "aws-item-affinity"), "one")
    source = {"dataSource": {"dataLocation": "s3://somewhere/in/"}, "roleArn": ROLE}
    batch = {"jobInput": {"s3DataSource": {"path": "s3://somewhere/in/"}}, "jobOutput": OUTPUT, "roleArn": ROLE}
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
    return {
        "DatasetGroup": group,
        "Dataset": dataset,
        "Solution": solution,
        "SolutionVersion": version,
        "SegmentingVersion": segmenting,
        "DatasetImportJob": control.created("DatasetImportJob", jobName=f"{name}-in", datasetArn=dataset, **source),
        "DatasetExportJob": control.created(
            "DatasetExportJob", jobName=f"{name}-out", datasetArn=dataset, roleArn=ROLE, jobOutput=OUTPUT
        ),
        "DataDeletionJob": control.created("DataDeletionJob", jobName=f"{name}-off", datasetGroupArn=group, **source),
        "EventTracker": control.created("EventTracker", name=f"{name}-events", datasetGroupArn=group),
        "Filter": control.created("Filter", name=f"{name}-new", datasetGroupArn=group, filterExpression=expression),
        "MetricAttribution": control.created(
            "MetricAttribution", name=f"{name}-worth", datasetGroupArn=group, metricsOutputConfig={"roleArn": ROLE},
            metrics=[{"eventType": "purchase", "metricName": "count", "expression": "SAMPLECOUNT()"}],
        ),
        "Campaign": control.created("Campaign", name=f"{name}-live", solutionVersionArn=version),
        "BatchInferenceJob": control.created(
            "BatchInferenceJob", jobName=f"{name}-all", solutionVersionArn=version, **batch
        ),
        "BatchSegmentJob": control.created(
            "BatchSegmentJob", jobName=f"{name}-some", solutionVersionArn=segmenting, **batch
        ),
    }  # fmt: skip


def _kind(operation: str) -> Kind:
    return KINDS[operation.removeprefix("List").removesuffix("s")]


def _parent(operation: str, member: str, shop: Shop) -> str:
    return shop["SegmentingVersion" if operation == "ListBatchSegmentJobs" else PARENTS[member]]


def _listed(control: Control, operation: str, **narrowed: str) -> set[str]:
    kind = _kind(operation)
    return {summary[kind.arn_member] for summary in control.call(operation, **narrowed)[kind.list_member]}


def _own(operation: str, shop: Shop) -> set[str]:
    """What a list of one shop's parent must hold of what `_shop` made; not all of a kind, where it made several."""
    return {shop[_kind(operation).noun]}


def test_the_table_knows_every_list_of_the_model_that_an_arn_narrows() -> None:
    assert len(NARROWED) == 12
    assert {member for _, member in NARROWED} == PARENTS.keys()


@by_list
def test_list_holds_what_lies_under_the_arn_and_nothing_else(
    operation: str, member: str, control: Control, shops: tuple[Shop, Shop]
) -> None:
    north, south = shops
    of_north = _listed(control, operation, **{member: _parent(operation, member, north)})
    of_south = _listed(control, operation, **{member: _parent(operation, member, south)})
    assert _own(operation, north) <= of_north
    assert _own(operation, south) <= of_south
    assert not of_north & of_south


@pytest.mark.parametrize("operation", [operation for operation, member in NARROWED if member == "solutionArn"])
@pytest.mark.parametrize("tail", ["/one", "/$LATEST", "/a-version-that-is-gone"])
def test_arn_of_a_version_stands_for_its_solution_wherever_a_list_is_narrowed_to_one(
    operation: str, tail: str, control: Control, shops: tuple[Shop, Shop]
) -> None:
    for shop in shops:
        of_solution = _listed(control, operation, solutionArn=shop["Solution"])
        assert _own(operation, shop) <= of_solution
        assert _listed(control, operation, solutionArn=shop["Solution"] + tail) == of_solution


@by_list
def test_arn_of_something_that_is_not_there_lists_nothing(
    operation: str, member: str, control: Control, shops: tuple[Shop, Shop]
) -> None:
    missing = _parent(operation, member, shops[0]).replace("north", "nowhere")
    if operation == "ListSolutionVersions":  # the one list that asks for its parent, as its model's errors say
        with pytest.raises(Exception, match="does not exist"):
            control.call(operation, **{member: missing})
        return
    assert _listed(control, operation, **{member: missing}) == set()


def test_pages_of_a_list_narrowed_by_a_version_go_on_where_they_stopped(
    control: Control, shops: tuple[Shop, Shop]
) -> None:
    version = shops[0]["SolutionVersion"]
    others = {control.created("Campaign", name=f"north-{n}", solutionVersionArn=version) for n in range(2)}
    seen: list[str] = []
    answer: dict[str, Any] = {"nextToken": None}
    while "nextToken" in answer:
        token = {"nextToken": answer["nextToken"]} if answer["nextToken"] else {}
        answer = control.ListCampaigns(solutionArn=version, maxResults=1, **token)
        seen += [campaign["campaignArn"] for campaign in answer["campaigns"]]
    assert sorted(seen) == sorted({shops[0]["Campaign"], *others})
