"""Where the link of a task leads: the AWS console, or the pages of the service at the connection's endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization
from botocore.stub import Stubber

from airflow_personalize.links.personalize import PersonalizeLink
from airflow_personalize.operators import personalize as operators

Stub = Callable[[Any], Stubber]

ACCOUNT = "arn:aws:personalize:eu-west-1:000000000000"
GROUP = f"{ACCOUNT}:dataset-group/shop"
HOME = "https://eu-west-1.console.aws.amazon.com/personalize/home?region=eu-west-1"
IN_CONSOLE = [
    ("DeleteDatasetGroup", GROUP, f"{ACCOUNT}:dataset-group$shop/setup"),
    ("DeleteDataset", f"{ACCOUNT}:dataset/shop/ITEMS", f"{ACCOUNT}:dataset-group$shop/setup"),
    ("DeleteCampaign", f"{ACCOUNT}:campaign/sims", "datasetGroups"),
]
IN_ENGINE = [
    ("StopSolutionVersionCreation", f"{ACCOUNT}:solution/sims/run", "solution-versions"),
    ("DeleteCampaign", f"{ACCOUNT}:campaign/sims", "resources"),
]


def stored(operator: Any, arn: str) -> dict[str, Any]:
    task_instance = Mock()
    PersonalizeLink.persist_resource({"ti": task_instance}, operator, arn)
    stored_link: dict[str, Any] = task_instance.xcom_push.call_args.kwargs["value"]
    return stored_link


def link_of(kind: str, resource_arn: str, **more: Any) -> str:
    operator = getattr(operators, f"Personalize{kind}Operator")(task_id="task", region_name="eu-west-1", **more)
    link: str = PersonalizeLink().format_link(**stored(operator, resource_arn))
    return link


@pytest.mark.parametrize(("kind", "arn", "place"), IN_CONSOLE, ids=[case[0] for case in IN_CONSOLE])
def test_it_leads_to_the_console(kind: str, arn: str, place: str) -> None:
    assert link_of(kind, arn, arn=arn) == f"{HOME}#{place}"


def test_a_solution_has_a_page_of_its_own_in_the_console() -> None:
    arn = f"{ACCOUNT}:solution/sims"
    place = f"{ACCOUNT}:dataset-group$shop/solutionsAndRecipes/solutionDetail/{ACCOUNT}:solution$sims"
    link = link_of("CreateSolution", arn, name="sims", dataset_group_arn=GROUP, recipe_arn="arn:aws:r")
    assert link == f"{HOME}#{place}"


@pytest.mark.parametrize(("kind", "arn", "folder"), IN_ENGINE, ids=[case[0] for case in IN_ENGINE])
def test_with_an_endpoint_it_leads_to_the_page_there(
    kind: str, arn: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"service_config": {"personalize": {"endpoint_url": "http://engine:8080/"}}}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws", "extra": extra}))
    assert link_of(kind, arn, arn=arn) == f"http://engine:8080/{folder}/{arn}"


def test_a_job_is_among_the_jobs_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"endpoint_url": "http://engine:8080"}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws", "extra": extra}))
    arn = f"{ACCOUNT}:dataset-import-job/items"
    place = {"dataset_arn": "a", "data_location": "s3://a/b", "role_arn": "r"}
    assert link_of("CreateDatasetImportJob", arn, name="items", **place) == f"http://engine:8080/jobs/{arn}"


def test_a_task_stores_its_link_before_it_waits(stub: Stub) -> None:
    operator = operators.PersonalizeDeleteCampaignOperator(
        task_id="task", arn=f"{ACCOUNT}:campaign/sims", region_name="eu-west-1", wait_for_completion=False
    )
    stub(operator).add_response("delete_campaign", {}, {"campaignArn": operator.arn})
    task_instance = Mock()
    operator.execute({"ti": task_instance})
    assert task_instance.xcom_push.call_args.kwargs["key"] == PersonalizeLink.key


def test_the_link_survives_serialization_without_being_registered() -> None:
    with DAG("linked", schedule=None) as dag:
        operators.PersonalizeDeleteCampaignOperator(task_id="task", arn=f"{ACCOUNT}:campaign/sims")
    again = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert [link.name for link in again.get_task("task").operator_extra_links] == ["Amazon Personalize"]
