"""Updates of datasets, and the order in which a group is emptied."""

from __future__ import annotations

import pytest

from aisle.contracts.personalize import INTERACTIONS, ITEMS, USERS
from tests.unit.services.engine.control import Control, refused, schema_with
from tests.waiting import statuses_until

SOURCE = {"dataLocation": "s3://nowhere/in/"}


def test_update_of_a_dataset_shows_in_its_status_and_switches_the_schema_at_the_end(
    control: Control, group: str
) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/ITEMS"
    before = control.described("Dataset", dataset)["schemaArn"]
    added = schema_with(ITEMS, {"name": "COLOUR", "type": ["null", "string"], "categorical": True})
    after = control.CreateSchema(name="wider", schema=added)["schemaArn"]
    control.pace(0.4)
    control.UpdateDataset(datasetArn=dataset, schemaArn=after)
    refused("ResourceInUse", control.UpdateDataset, "UPDATE PENDING", datasetArn=dataset, schemaArn=after)
    refused("ResourceInUse", control.CreateDatasetImportJob, jobName="j", datasetArn=dataset, dataSource=SOURCE)

    def status() -> str:
        described = control.described("Dataset", dataset)
        assert described["latestDatasetUpdate"]["status"] == described["status"]
        assert described["schemaArn"] == (after if described["status"] == "ACTIVE" else before)
        return str(described["status"])

    assert statuses_until("ACTIVE", status) == ["UPDATE PENDING", "UPDATE IN_PROGRESS", "ACTIVE"]
    control.DeleteSchema(schemaArn=before)


def test_schema_that_an_update_waits_for_is_in_use(control: Control, group: str) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/ITEMS"
    same = control.CreateSchema(name="same", schema=ITEMS.avro_schema)["schemaArn"]
    control.pace(0.4)
    control.UpdateDataset(datasetArn=dataset, schemaArn=same)
    refused("ResourceInUse", control.DeleteSchema, "being updated", schemaArn=same)
    dataset_now = control.settled("Dataset", dataset, update=True)
    assert (dataset_now["status"], dataset_now["schemaArn"]) == ("ACTIVE", same)


@pytest.mark.parametrize(
    ("dataset_type", "schema", "fault"),
    [
        ("INTERACTIONS", INTERACTIONS.avro_schema, "only the schemas of Items and Users"),
        ("ITEMS", USERS.avro_schema, "is for USERS"),
        ("ITEMS", schema_with(ITEMS, without="PRICE"), "no column PRICE"),
        ("ITEMS", schema_with(ITEMS, {"name": "PRICE", "type": "float"}, without="PRICE"), "no column PRICE"),
        ("ITEMS", schema_with(ITEMS, {"name": "NEW", "type": "long"}), "must allow null"),
    ],
)  # fmt: skip
def test_update_of_a_dataset_that_would_not_fit_is_refused(
    control: Control, group: str, dataset_type: str, schema: str, fault: str
) -> None:
    arn = control.CreateSchema(name="new", schema=schema)["schemaArn"]
    dataset = f"{group.replace('dataset-group', 'dataset')}/{dataset_type}"
    refused("InvalidInput", control.UpdateDataset, fault, datasetArn=dataset, schemaArn=arn)


def test_group_goes_only_when_nothing_is_left_in_it(control: Control, group: str) -> None:
    solution = control.solution(group)
    datasets = group.replace("dataset-group", "dataset")
    made = {
        "Filter": control.created(
            "Filter", name="f", datasetGroupArn=group, filterExpression='INCLUDE ItemID WHERE Items.ITEM_ID IN ("a")'
        ),
        "EventTracker": control.created("EventTracker", name="t", datasetGroupArn=group),
        "Solution": solution,
        **{f"Dataset/{kind}": f"{datasets}/{kind}" for kind in ("INTERACTIONS", "ITEMS", "USERS")},
    }  # fmt: skip
    for name, arn in made.items():
        noun = name.partition("/")[0]
        refused("ResourceInUse", control.DeleteDatasetGroup, datasetGroupArn=group)
        control.call(f"Delete{noun}", **{f"{noun[0].lower()}{noun[1:]}Arn": arn})
        assert control.gone(noun, arn)
    control.DeleteDatasetGroup(datasetGroupArn=group)
    assert control.gone("DatasetGroup", group)
    assert control.created("DatasetGroup", name="shop") == group


def test_second_deletion_is_in_use_until_the_resource_is_gone(control: Control) -> None:
    group = control.created("DatasetGroup", name="shop")
    control.pace(0.4)
    control.DeleteDatasetGroup(datasetGroupArn=group)
    assert control.described("DatasetGroup", group)["status"] == "DELETE PENDING"
    refused("ResourceInUse", control.DeleteDatasetGroup, "DELETE PENDING", datasetGroupArn=group)
    refused("ResourceAlreadyExists", control.CreateDatasetGroup, name="shop")
    assert control.gone("DatasetGroup", group)
    refused("ResourceNotFound", control.DeleteDatasetGroup, datasetGroupArn=group)
