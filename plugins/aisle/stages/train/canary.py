"""The canary: a campaign beside the one that serves, which shows by real questions whether a new version can answer.

It stands between the gate and the promotion, and goes again whatever comes of it, because it bills by the hour.
"""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from dataclasses import asdict
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
from aisle.dag.xcom import from_xcom
from aisle.errors import FinalError
from aisle.evaluation.decisions import VersionDecision
from aisle.groups.dataset_group import DatasetGroup
from aisle.groups.environment import Canary
from aisle.models import registry
from aisle.models.campaign_answers import Report, about_what, ask, objections, questions_for, report_on
from aisle.ops.receipts import receipt
from personalize_kinds.kinds import CAMPAIGN

log = logging.getLogger(__name__)


def try_out(group: DatasetGroup, key: str, decision: Any) -> list[Any]:
    """Create the tasks that try out the evaluated version, for each campaign of the solution with a canary.

    They succeed, or are skipped if there is nothing to try out; they fail if the version must not go live.
    """
    return [_canary(served, decision) for served in campaigns_of(group, key) if served.described.canary]


def _canary(served: Served, decision: Any) -> Any:
    @task_group(group_id=f"canary-{served.name}")
    def steps() -> None:
        plan = plan_canary(served.name, decision)
        campaign = PersonalizeCreateCampaignOperator(
            task_id="campaign",
            name=plan["name"],
            solution_version_arn=plan["version"],
            **set_up(served.described) | {"min_provisioned_tps": 1},
            **waiting(),
        )
        # A canary that an earlier run left behind may serve an earlier version.
        current = PersonalizeUpdateCampaignOperator(
            task_id="update", arn=campaign.output, solution_version_arn=plan["version"], **waiting()
        )
        delete = PersonalizeDeleteCampaignOperator(task_id="delete", arn=plan["arn"], **waiting())
        # Clearing the questions clears the campaign too: it is created and deleted again.
        delete.as_teardown(setups=[plan.operator, campaign], on_failure_fail_dagrun=True)
        current >> ask_canary(served.name, plan) >> delete

    return steps()


@task(multiple_outputs=True, trigger_rule="none_failed")
def plan_canary(name: str, decision: dict[str, Any]) -> dict[str, str]:
    """Name the canary of a campaign. Skipped if the version did not pass the gate."""
    decided = from_xcom(decision, VersionDecision)
    if not decided.passed:
        raise AirflowSkipException(f"There is nothing to try out: {decided.reason}")
    canary, version = f"{name}-canary", decided.arn
    # The ARN contains the name, so the canary can be deleted even if its creation gave no answer.
    return {"name": canary, "version": version, "arn": f"{version.partition(':solution/')[0]}:campaign/{canary}"}


@task
def ask_canary(name: str, plan: dict[str, str]) -> None:
    """Ask the canary and the serving campaign the same questions, and record the figures.

    Raises FinalError if the new version must not go live; it is rejected then.
    """
    group = group_of_context()
    served = campaign_of(group, name)
    canary = served.described.canary or Canary()
    with receipt(run_key_of_context(), "evaluate", group.key(plan["name"])) as slip:
        report = _tried(group, served, plan["arn"], canary.questions)
        against = objections(report, canary)
        slip.rows_in, slip.rows_out = report.n_questions, report.n_questions - report.n_failures
        slip.details = {"solution_version": plan["version"], "objections": against, **asdict(report)}
    if against:
        _turn_down(served, plan["version"], "; ".join(against))
    log.info("%s may serve: %s", plan["version"], report)


def _tried(group: DatasetGroup, served: Served, canary_arn: str, n_questions: int) -> Report:
    """Report on the canary's answers, compared with the serving campaign's if there is one."""
    questions, about = questions_for(group, n_questions), about_what(group.solutions[served.solution])
    client, serving = _runtime_client(), PersonalizeHook().find(CAMPAIGN, served.name)
    with service_errors(f"Asking campaign {canary_arn}"):
        answers = ask(client, canary_arn, about, questions)
        return report_on(answers, ask(client, serving, about, questions) if serving else [])


def _runtime_client() -> Any:
    """Return a client with three attempts, because a campaign of minimum capacity throttles."""
    return PersonalizeRuntimeHook(config=Config(retries={"mode": "standard", "total_max_attempts": 3})).conn


def _turn_down(served: Served, version: str, why: str) -> None:
    registry.reject(version, "canary", f"canary: {why}")
    raise FinalError(
        f"Trying out {version} for campaign {served.name}: {why}. It is rejected, and the live version stays live. Fix "
        "what keeps it from answering and train again with `force`; or clear this task to ask it again."
    )
