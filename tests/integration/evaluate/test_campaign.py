"""The campaign serves what is live: after the first promotion, after the next, and after a rollback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowSkipException

from aisle.aws.hooks.personalize_runtime import PersonalizeRuntimeHook
from aisle.evaluate import versions
from aisle.evaluate.campaign import find_live_model

RunDag = Callable[..., dict[str, str]]

NAME = "user-personalization"
CAMPAIGN = "aisle-live"
STEPS = ("campaign.find_live_model", "campaign.campaign", "campaign.update")
#: Everybody has turned to other items.
TURNED = """
update personalize.interactions
set item_id = format('P%s', lpad((41 - right(item_id, 3)::integer)::text, 3, '0'))
"""


@pytest.fixture(autouse=True)
def _with_campaign(monkeypatch: pytest.MonkeyPatch, _short_way: None) -> None:
    """A campaign is wanted; every version is promoted, without a twin."""
    from aisle.settings import get_settings

    monkeypatch.setenv("AISLE_EVALUATE__CAMPAIGN", CAMPAIGN)
    monkeypatch.setenv("AISLE_EVALUATE__ENABLED", "false")
    get_settings.cache_clear()


def of_campaign(states: dict[str, str]) -> set[str]:
    return {states[step] for step in STEPS}


def served(personalize: Any) -> tuple[str, dict[str, Any]]:
    """ARN of the campaign, and its description."""
    [campaign] = personalize.list_campaigns()["campaigns"]
    arn = campaign["campaignArn"]
    return arn, personalize.describe_campaign(campaignArn=arn)["campaign"]


def answer(campaign_arn: str, user_id: str) -> list[str]:
    """What the campaign recommends."""
    given = PersonalizeRuntimeHook().conn.get_recommendations(campaignArn=campaign_arn, userId=user_id, numResults=5)
    return [item["itemId"] for item in given["itemList"]]


def test_the_campaign_follows_promotion_and_rollback_and_answers_from_the_live_version(
    seasons: str, personalize: Any, run_dag: RunDag
) -> None:
    with psycopg.connect(seasons) as connection:
        [user_id] = connection.execute("select min(user_id) from personalize.users").fetchone() or [""]

    run_dag("export", "one")
    assert of_campaign(run_dag("train", "one")) == {"success"}
    first = versions.live_version(NAME)
    arn, campaign = served(personalize)
    assert (campaign["name"], campaign["status"], campaign["solutionVersionArn"]) == (CAMPAIGN, "ACTIVE", first)
    of_first = answer(arn, user_id)

    with psycopg.connect(seasons) as connection:
        connection.execute(TURNED.encode())
    run_dag("export", "two")
    assert of_campaign(run_dag("train", "two")) == {"success"}
    second = versions.live_version(NAME)
    assert second != first
    assert served(personalize)[1]["solutionVersionArn"] == second
    of_second = answer(arn, user_id)
    assert len(of_second) == 5
    assert not set(of_second) & set(of_first)

    assert of_campaign(run_dag("rollback", "back", what=NAME, reason="worse in the shop")) == {"success"}
    assert versions.live_version(NAME) == first
    assert served(personalize)[1]["solutionVersionArn"] == first
    assert answer(arn, user_id) == of_first

    assert of_campaign(run_dag("rollback", "cache", what="cache", reason="odd lists")) == {"skipped"}
    assert served(personalize)[0] == arn


@pytest.mark.usefixtures("marts", "aws_connection")
def test_without_a_live_model_there_is_nothing_to_serve_and_that_is_no_failure() -> None:
    with pytest.raises(AirflowSkipException, match="nothing to serve"):
        find_live_model.function()
