"""The canary: a campaign beside the one that serves, which shows by real questions whether a new version can answer.

It stands between the gate and the promotion, and goes again whatever comes of it, because it bills by the hour.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import task, task_group
from airflow.sdk.exceptions import AirflowSkipException
from botocore.config import Config

from airflow_personalize.hooks.personalize import PersonalizeHook, PersonalizeRuntimeHook, service_errors
from airflow_personalize.operators.personalize import (
    PersonalizeCreateCampaignOperator,
    PersonalizeDeleteCampaignOperator,
    PersonalizeUpdateCampaignOperator,
)
from aisle.dag.campaign import Served, campaign_of, campaigns_of, set_up
from aisle.dag.defaults import run_key_of_context, waiting
from aisle.dag.groups import group_of_context
from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from aisle.groups.environment import Canary
from aisle.models import registry
from aisle.models.campaign_answers import Report, about_what, ask, objections, questions_for, report_on
from aisle.ops.receipts import receipt
from personalize_kinds.kinds import CAMPAIGN

log = logging.getLogger(__name__)


def try_out(group: DatasetGroup, key: str, verdict: Any) -> list[Any]:
    """The tasks that try out the version of a verdict, for each campaign of the solution that wants a canary.

    They succeed, or are skipped where there is nothing to try out; they fail where the version must not go live.
    """
    return [_canary(each, verdict) for each in campaigns_of(group, key) if each.described.canary]


def _canary(served: Served, verdict: Any) -> Any:
    @task_group(group_id=f"canary-{served.name}")
    def steps() -> None:
        plan = plan_canary(served.name, verdict)
        campaign = PersonalizeCreateCampaignOperator(
            task_id="campaign",
            name=plan["name"],
            solution_version_arn=plan["version"],
            **set_up(served.described) | {"min_provisioned_tps": 1},
            **waiting(),
        )
        # One that an earlier run has left behind may answer with an earlier version.
        current = PersonalizeUpdateCampaignOperator(
            task_id="update", arn=campaign.output, solution_version_arn=plan["version"], **waiting()
        )
        delete = PersonalizeDeleteCampaignOperator(task_id="delete", arn=plan["arn"], **waiting())
        # Who clears the questions clears the campaign with them: it is made again, and deleted again.
        delete.as_teardown(setups=[plan.operator, campaign], on_failure_fail_dagrun=True)
        current >> ask_canary(served.name, plan) >> delete

    return steps()


@task(multiple_outputs=True, trigger_rule="none_failed")
def plan_canary(name: str, verdict: dict[str, Any]) -> dict[str, str]:
    """What the canary of a campaign is called. Skips it where the version does not come as far as that."""
    if not verdict["passed"]:
        raise AirflowSkipException(f"There is nothing to try out: {verdict['reason']}")
    canary, version = f"{name}-canary", verdict["arn"]
    # The ARN holds the name: so it can be deleted even if nothing is heard of its creation.
    return {"name": canary, "version": version, "arn": f"{version.partition(':solution/')[0]}:campaign/{canary}"}


@task
def ask_canary(name: str, plan: dict[str, str]) -> None:
    """Ask the canary, and the campaign that serves, the same questions; keep what came of it.

    Raises FinalError if the new version must not go live; it is rejected then.
    """
    group = group_of_context()
    served = campaign_of(group, name)
    wanted = served.described.canary or Canary()
    with receipt(run_key_of_context(), "evaluate", group.key(plan["name"])) as slip:
        report = _tried(group, served, plan["arn"], wanted.questions)
        against = objections(report, wanted)
        slip.rows_in, slip.rows_out = report.n_questions, report.n_questions - report.n_failures
        slip.details = {"solution_version": plan["version"], "objections": against, **report._asdict()}
    if against:
        _turn_down(served, plan["version"], "; ".join(against))
    log.info("%s may serve: %s", plan["version"], report)


def _tried(group: DatasetGroup, served: Served, canary_arn: str, n_questions: int) -> Report:
    """How the canary answers, beside the campaign that serves, if there is one already."""
    questions, about = questions_for(group, n_questions), about_what(group.solutions[served.solution])
    client, serving = _patient_client(), PersonalizeHook().find(CAMPAIGN, served.name)
    with service_errors(f"Asking campaign {canary_arn}"):
        answers = ask(client, canary_arn, about, questions)
        return report_on(answers, ask(client, serving, about, questions) if serving else [])


def _patient_client() -> Any:
    """A client that asks again where a campaign of the least capacity is asked too fast, but not for minutes."""
    return PersonalizeRuntimeHook(config=Config(retries={"mode": "standard", "total_max_attempts": 3})).conn


def _turn_down(served: Served, version: str, why: str) -> None:
    registry.reject(version, "canary", f"canary: {why}")
    raise FinalError(
        f"Trying out {version} for campaign {served.name}: {why}. It is rejected, and what is live stays live. Mend "
        "what keeps it from answering and train again with `force`; or clear this task, which asks it once more."
    )
