"""The campaign that serves the live model in real time, where the settings name one. It costs by the hour."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.sdk import task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from aisle.aws.hooks.personalize import PersonalizeHook
from aisle.aws.operators.personalize import PersonalizeCreateCampaignOperator
from aisle.aws.operators.personalize_change import PersonalizeUpdateCampaignOperator
from aisle.evaluate import versions
from aisle.evaluate.live import live_model
from aisle.jobs import waiting
from aisle.personalize import USERS
from aisle.settings import get_settings


def serve_live() -> list[Any]:
    """The tasks that let the campaign serve what is live, after a promotion or a rollback; none without a campaign."""
    name = get_settings().evaluate.campaign
    if name is None:
        return []

    @task_group(group_id="campaign")
    def steps() -> None:
        live = find_live_model()
        campaign = PersonalizeCreateCampaignOperator(
            task_id="campaign", name=name, solution_version_arn=live, **waiting()
        )
        PersonalizeUpdateCampaignOperator(task_id="update", arn=campaign.output, solution_version_arn=live, **waiting())

    return [steps()]


@task(trigger_rule="none_failed_min_one_success")
def find_live_model() -> str:
    """ARN of the model that answers about users. Skips itself where none does yet, or all before it is skipped."""
    if versions.live_version(USERS.solution.name) is None:
        raise AirflowSkipException(f"No version of {USERS.solution.name} is live, so there is nothing to serve")
    return live_model(PersonalizeHook(), USERS.solution.name)
