"""Solutions in the pipeline's dataset groups that nothing uses.

Amazon Personalize cannot delete a version of a solution, only a solution with all its versions. So old versions stay
as long as their solution; they cost nothing but quota. A solution that neither the pipeline nor a campaign uses is
named, and deleted only if the settings say so: it may be somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow_personalize.hooks.personalize import PersonalizeHook
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from personalize_kinds.kinds import CAMPAIGN, DATASET_GROUP, SOLUTION
from personalize_kinds.statuses import SETTLED


def remove_solutions(hook: PersonalizeHook, before: datetime, *, dry_run: bool) -> list[str]:
    """Delete unknown solutions created before; return their ARNs."""
    arns = [arn for group in dataset_groups() for arn in _unknown(hook, group, before)]
    for arn in () if dry_run else arns:
        hook.conn.delete_solution(solutionArn=arn)
    return arns


def _unknown(hook: PersonalizeHook, group: DatasetGroup, before: datetime) -> Iterator[str]:
    group_arn = hook.find(DATASET_GROUP, group.name)
    known = {group.solution_name(key) for key in group.solutions}
    for solution in hook.summaries(SOLUTION, datasetGroupArn=group_arn) if group_arn else ():
        if solution["name"] not in known and solution["creationDateTime"] < before and _is_idle(hook, solution):
            yield solution["solutionArn"]


def _is_idle(hook: PersonalizeHook, solution: dict[str, Any]) -> bool:
    """Return whether the solution is settled and has no campaign."""
    campaigns = hook.summaries(CAMPAIGN, solutionArn=solution["solutionArn"])
    return solution["status"] in SETTLED and not any(campaigns)
