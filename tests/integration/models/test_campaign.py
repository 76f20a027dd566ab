"""Campaigns serve what is live: after the first promotion, after the next, and after a rollback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowSkipException

from airflow_personalize.hooks.personalize import PersonalizeRuntimeHook
from aisle.dag.campaign import find_live_model, only_served, serve_live
from aisle.groups.dataset_group import dataset_groups
from aisle.groups.environment_file import load
from aisle.models import registry
from aisle.resources.apply import plans
from aisle.resources.live import Service

RunDag = Callable[..., dict[str, str]]

ENVIRONMENT = """
groups:
  - name: aisle
    datasets: {interactions: {}}
    solutions:
      user-personalization:
        recipe: aws-user-personalization
        campaigns:
          for-you: {min_provisioned_tps: 2, exploration: {weight: 0}}
          newest: {follow_newest: true}
      similar-items:
        recipe: aws-sims
        campaigns:
          related: {with_metadata: false}
      ranking:
        recipe: aws-personalized-ranking
        campaigns:
          search: {canary: {questions: 5}}
"""
CAMPAIGNS = {"aisle-for-you": "user-personalization", "aisle-related": "similar-items", "aisle-search": "ranking"}
USERS = "user-personalization"
#: Everybody has turned to other items.
TURNED = """
update personalize.interactions
set item_id = format('P%s', lpad((41 - right(item_id, 3)::integer)::text, 3, '0'))
"""


@pytest.fixture
def use_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, _short_way: None) -> Callable[[str], Path]:
    """Let the settings name a file of this text."""
    from aisle.settings import get_settings

    def use(text: str) -> Path:
        path = tmp_path / "campaigns.yaml"
        path.write_text(text)
        monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(path))
        get_settings.cache_clear()
        return path

    return use


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, use_file: Callable[[str], Path]) -> Path:
    """The file of the environment, with campaigns; every version is promoted, without a twin."""
    monkeypatch.setenv("AISLE_EVALUATE__ENABLED", "false")
    return use_file(ENVIRONMENT)


def of_campaigns(states: dict[str, str]) -> set[str]:
    return {state for task, state in states.items() if task.startswith("campaigns.")}


def served(personalize: Any) -> dict[str, str]:
    """Which version each campaign serves, by the names of both."""
    arns = [campaign["campaignArn"] for campaign in personalize.list_campaigns()["campaigns"]]
    described = [personalize.describe_campaign(campaignArn=arn)["campaign"] for arn in arns]
    assert {campaign["status"] for campaign in described} == {"ACTIVE"}
    return {campaign["name"]: campaign["solutionVersionArn"] for campaign in described}


def live() -> dict[str, str | None]:
    return {name: registry.live_version(solution) for name, solution in CAMPAIGNS.items()}


def answer(personalize: Any, user_id: str) -> list[str]:
    """What the campaign for users recommends."""
    [arn] = [
        campaign["campaignArn"]
        for campaign in personalize.list_campaigns()["campaigns"]
        if "for-you" in campaign["name"]
    ]
    given = PersonalizeRuntimeHook().conn.get_recommendations(campaignArn=arn, userId=user_id, numResults=5)
    return [item["itemId"] for item in given["itemList"]]


def test_campaigns_of_three_recipes_follow_promotion_and_rollback_and_are_as_the_file_wants_them(
    seasons: str, file: Path, personalize: Any, run_dag: RunDag
) -> None:
    with psycopg.connect(seasons) as connection:
        [user_id] = connection.execute("select min(user_id) from personalize.users").fetchone() or [""]

    run_dag("export", "one")
    assert of_campaigns(run_dag("train", "one")) == {"success"}
    first = live()
    assert None not in first.values()
    assert served(personalize) == first
    of_first = answer(personalize, user_id)
    plan = plans(Service(personalize, poll_seconds=0.1, patience_seconds=120), load(file))[0]
    assert [change.resource.title for change in plan.changes if change.action != "unchanged"] == [
        "campaign aisle-newest"
    ]

    with psycopg.connect(seasons) as connection:
        connection.execute(TURNED.encode())
    run_dag("export", "two")
    assert of_campaigns(run_dag("train", "two")) == {"success"}
    second = live()
    assert not {*second.values()} & {*first.values()}
    assert served(personalize) == second
    of_second = answer(personalize, user_id)
    assert len(of_second) == 5
    assert not {*of_second} & {*of_first}

    assert of_campaigns(run_dag("rollback", "back", what=USERS, reason="worse in the shop")) == {"success"}
    assert served(personalize) == second | {"aisle-for-you": first["aisle-for-you"]}
    assert answer(personalize, user_id) == of_first

    assert of_campaigns(run_dag("rollback", "cache", what="cache", reason="odd lists")) == {"skipped"}


@pytest.mark.usefixtures("marts", "aws_connection", "file")
def test_without_a_live_model_there_is_nothing_to_serve_and_that_is_no_failure() -> None:
    with pytest.raises(AirflowSkipException):
        find_live_model.function("aisle", USERS)


def test_a_group_without_campaigns_has_no_tasks_for_them() -> None:
    [group] = dataset_groups()
    assert serve_live(group) == []
    assert only_served(group) == []


def test_a_solution_that_answers_no_question_goes_live_for_its_campaign_alone(
    use_file: Callable[[str], Path],
) -> None:
    others = """      popularity: {recipe: aws-popularity-count}
      trending: {recipe: aws-popularity-count, campaigns: {now: {follow_newest: true}}}
"""
    use_file(ENVIRONMENT + others)
    assert only_served(dataset_groups()[0]) == ["ranking"]
