"""The campaigns of a group: each serves the live version of its solution in real time, and costs by the hour."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow.sdk import task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators.personalize import (
    PersonalizeCreateCampaignOperator,
    PersonalizeUpdateCampaignOperator,
)
from aisle.dag.defaults import run_key_of_context, waiting
from aisle.dag.groups import group_of_context
from aisle.dag.xcom import to_xcom
from aisle.evaluation.decisions import VersionDecision, as_decided
from aisle.groups.dataset_group import DatasetGroup, dataset_group
from aisle.groups.desired import campaign_settings
from aisle.groups.environment import Campaign
from aisle.groups.requests import wire_tags
from aisle.models import registry
from aisle.models.live import live_model

_TO_DECIDE = ("candidate", "waiting")


@dataclass(frozen=True, slots=True)
class Served:
    """A campaign of the file: the key of its solution, its name in the service, and what is written of it."""

    solution: str
    name: str
    described: Campaign


def campaigns_of(group: DatasetGroup, *keys: str) -> list[Served]:
    """The campaigns that follow promotion, of all solutions or of those with the `keys`.

    One that follows the newest version is the service's own business.
    """
    return [
        Served(key, group.described.name_of(short, campaign.name), campaign)
        for key in keys or group.solutions
        for short, campaign in group.solutions[key].campaigns.items()
        if not campaign.follow_newest
    ]


def campaign_of(group: DatasetGroup, name: str) -> Served:
    """The campaign that has this name in the service."""
    return next(campaign for campaign in campaigns_of(group) if campaign.name == name)


def only_served(group: DatasetGroup) -> list[str]:
    """The keys of the solutions which campaigns ask and nothing else: a ranking, say."""
    published = {question.solution for question in group.questions}
    return [key for key in group.solutions if key not in published and campaigns_of(group, key)]


def set_up(campaign: Campaign) -> dict[str, Any]:
    """How the operator creates a campaign: as `aisle apply` does."""
    settings = campaign_settings(campaign)
    return {
        "min_provisioned_tps": settings["minProvisionedTPS"],
        "campaign_config": settings.get("campaignConfig"),
        "tags": wire_tags(campaign.tags or {}),
    }


@task
def admit(trained: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the decisions on versions that only campaigns ask, by solution key: nothing measures them, so all pass."""
    group, run_key = group_of_context(), run_key_of_context()
    return {key: to_xcom(_admitted(group, key, arn, run_key)) for key, arn in trained.items()}


def _admitted(group: DatasetGroup, key: str, arn: str, run_key: str) -> VersionDecision:
    known = registry.register(group, key, arn, run_key)
    if known.state not in _TO_DECIDE:
        return as_decided(known)
    return VersionDecision(arn, True, "only campaigns ask it, so nothing measures it", "")


def serve_live(group: DatasetGroup) -> list[Any]:
    """The tasks that let the campaigns serve what is live, after a promotion or a rollback; none without a campaign."""
    campaigns = campaigns_of(group)
    if not campaigns:
        return []

    @task_group(group_id="campaigns")
    def steps() -> None:
        for campaign in campaigns:
            _serve(group, campaign)

    return [steps()]


def _serve(group: DatasetGroup, served: Served) -> Any:
    @task_group(group_id=served.name)
    def steps() -> None:
        live = find_live_model(group.name, served.solution)
        campaign = PersonalizeCreateCampaignOperator(
            task_id="campaign", name=served.name, solution_version_arn=live, **set_up(served.described), **waiting()
        )
        PersonalizeUpdateCampaignOperator(task_id="update", arn=campaign.output, solution_version_arn=live, **waiting())

    return steps()


@task(trigger_rule="none_failed_min_one_success")
def find_live_model(group_name: str, key: str) -> str:
    """ARN of the live version of a solution. Skips itself where none is yet, or all before it is skipped."""
    group = dataset_group(group_name)
    if registry.live_version(group.key(key)) is None:
        raise AirflowSkipException(f"No version of {group.key(key)} is live, so there is nothing to serve")
    return live_model(PersonalizeHook().gateway, group, key)
